import type { Analysis } from '../analysis/analysis.js';
import { lastNorm } from './analysis-gradients.js';
import type { ReportRun } from './report-run.js';

/** A number that an analysis has. */
interface AnalysisMeasure {
  readonly digits: number;
  /** Null if the analysis does not have it. */
  value(analysis: Analysis): number | null;
}

const measure = (digits: number, value: AnalysisMeasure['value']): AnalysisMeasure => ({ digits, value });

/** What the tables of analyses show, by name. */
export const ANALYSIS_MEASURES = {
  'energy on the data': measure(2, ({ energies }) => energies.onData),
  'lowest energy off the data': measure(2, ({ energies }) => energies.offData),
  'difference of energies': measure(2, ({ energies }) => energies.offData - energies.onData),
  'centred energy on the data': measure(2, ({ energies }) => energies.centered.onData),
  'centred lowest energy off the data': measure(2, ({ energies }) => energies.centered.offData),
  margin: measure(2, ({ margins }) => margins.mean),
  'lower quartile of margins': measure(2, ({ margins }) => margins.quartiles[0]),
  'median margin': measure(2, ({ margins }) => margins.median),
  'upper quartile of margins': measure(2, ({ margins }) => margins.quartiles[1]),
  "margin in the authors' form": measure(2, ({ margins }) => margins.meanOfAuthorsCode),
  accuracy: measure(4, ({ calibration }) => calibration.accuracy),
  confidence: measure(4, ({ calibration }) => calibration.confidence),
  'calibration error': measure(4, ({ calibration }) => calibration.error.width10),
  'calibration error in 15 bins': measure(4, ({ calibration }) => calibration.error.width15),
  'calibration error in 15 equal masses': measure(4, ({ calibration }) => calibration.error.mass15),
  nll: measure(3, ({ nll }) => nll),
  'probe accuracy': measure(4, ({ probe }) => probe?.accuracy ?? null),
  'probe nll': measure(3, ({ probe }) => probe?.nll ?? null),
} as const satisfies Readonly<Record<string, AnalysisMeasure>>;

/** The name of a number that an analysis has. */
export type AnalysisMeasureName = keyof typeof ANALYSIS_MEASURES;

/** A number of a run. */
interface Measure {
  readonly digits: number;
  /** Null if the run does not have it. */
  value(run: ReportRun, context: MeasureContext): number | null;
}

/** What a measure needs beside the run. */
interface MeasureContext {
  /** The translation that systems are compared by. */
  readonly translation: string | null;
  /** The label of the criterion whose gradient is measured. */
  readonly criterion: string | null;
}

/** Measures of other things than the rows of scores. */
const OTHER_MEASURES = {
  'gradient norm': { digits: 3, value: (run) => lastNorm(run) },
  'relative gradient norm': {
    digits: 2,
    value: ({ analysis }, { criterion }) =>
      analysis?.criterions.find(({ label }) => label === criterion)?.relativeNorm ?? null,
  },
  BLEU: { digits: 2, value: ({ translations }, { translation }) => translations.get(translation ?? '')?.bleu ?? null },
} as const satisfies Readonly<Record<string, Measure>>;

/** What claims can be about. */
export type MeasureName = AnalysisMeasureName | keyof typeof OTHER_MEASURES;

/** The names of all measures. */
export const MEASURE_NAMES: readonly string[] = [ANALYSIS_MEASURES, OTHER_MEASURES].flatMap(Object.keys);

const isOfAnalysis = (name: MeasureName): name is AnalysisMeasureName => name in ANALYSIS_MEASURES;

/** The measure of this name. */
export function measureOf(name: MeasureName): Measure {
  if (!isOfAnalysis(name)) return OTHER_MEASURES[name];
  const { digits, value } = ANALYSIS_MEASURES[name];
  return { digits, value: ({ analysis }) => (analysis === null ? null : value(analysis)) };
}
