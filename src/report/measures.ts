import type { Analysis } from '../analysis/analysis.js';
import { lastNorm } from './analysis-gradients.js';
import type { ReportRun } from './report-run.js';

/** What claims can be about. */
export type MeasureName =
  | 'energy on the data'
  | 'lowest energy off the data'
  | 'centred energy on the data'
  | 'centred lowest energy off the data'
  | 'difference of energies'
  | 'margin'
  | 'median margin'
  | 'accuracy'
  | 'confidence'
  | 'calibration error'
  | 'probe accuracy'
  | 'gradient norm'
  | 'relative gradient norm'
  | 'BLEU';

/** A number of a run. */
export interface Measure {
  readonly digits: number;
  /** Null if the run does not have it. */
  value(run: ReportRun, context: MeasureContext): number | null;
}

/** What a measure needs beside the run. */
export interface MeasureContext {
  /** The translation that systems are compared by. */
  readonly translation: string | null;
  /** The label of the criterion whose gradient is measured. */
  readonly criterion: string | null;
}

const analyzed = (digits: number, value: (analysis: Analysis) => number | null): Measure => ({
  digits,
  value: ({ analysis }) => (analysis === null ? null : value(analysis)),
});

/** The measures by their names. */
export const MEASURES: Readonly<Record<MeasureName, Measure>> = {
  'energy on the data': analyzed(2, ({ energies }) => energies.onData),
  'lowest energy off the data': analyzed(2, ({ energies }) => energies.offData),
  'centred energy on the data': analyzed(2, ({ energies }) => energies.centered.onData),
  'centred lowest energy off the data': analyzed(2, ({ energies }) => energies.centered.offData),
  'difference of energies': analyzed(2, ({ energies }) => energies.offData - energies.onData),
  margin: analyzed(2, ({ margins }) => margins.mean),
  'median margin': analyzed(2, ({ margins }) => margins.median),
  accuracy: analyzed(4, ({ calibration }) => calibration.accuracy),
  confidence: analyzed(4, ({ calibration }) => calibration.confidence),
  'calibration error': analyzed(4, ({ calibration }) => calibration.error.width10),
  'probe accuracy': analyzed(4, ({ probe }) => probe?.accuracy ?? null),
  'gradient norm': {
    digits: 3,
    value: ({ state, training }) => (state === 'done' || state === 'log' ? lastNorm(training) : null),
  },
  'relative gradient norm': {
    digits: 2,
    value: ({ analysis }, { criterion }) =>
      analysis?.criterions.find(({ label }) => label === criterion)?.relativeNorm ?? null,
  },
  BLEU: { digits: 2, value: ({ translations }, { translation }) => translations.get(translation ?? '')?.bleu ?? null },
};
