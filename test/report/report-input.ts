import type { SweepDescription } from '../../src/experiments/sweep-plan.js';
import type { ReportInput, ReportRun, ScoredTranslation } from '../../src/report/report-run.js';

/** A run with nothing but its place in the grid. */
export const emptyRun = (values: Readonly<Record<string, string>>): ReportRun => ({
  name: Object.values(values).join(',') || 'run',
  values,
  state: 'done',
  error: null,
  data: null,
  options: null,
  resolved: null,
  provenance: null,
  resumedBy: [],
  seconds: {},
  training: null,
  translations: new Map(),
  analysis: null,
});

const SENTENCES = 4;

/** A translation with this BLEU. All its sentences have the same statistics, so resampling them changes nothing. */
export function scored(bleu: number, changes: Partial<ScoredTranslation> = {}): ScoredTranslation {
  const sentence = [10, 10, 8, 6, 5, 4];
  return {
    split: 'test',
    isFromProbe: false,
    path: null,
    bleu,
    brevityPenalty: 1,
    lengthRatio: 1,
    detokenized: null,
    statistics: Uint16Array.from(Array.from({ length: SENTENCES }, () => sentence).flat()),
    languages: null,
    ...changes,
  };
}

interface Scores {
  /** BLEU of each seed by system, or by direction and system, e.g. `de-en,el`; null for a run that is not done. */
  readonly bleu: Readonly<Record<string, readonly (number | null)[]>>;
  readonly compare?: SweepDescription['compare'];
}

/** A sweep over criterions and seeds, and over directions if the names have them. */
export function inputOf({ bleu, compare = [] }: Scores): ReportInput {
  const names = Object.keys(bleu).map((name) => name.split(','));
  const seeds = Math.max(...Object.values(bleu).map(({ length }) => length));
  const distinct = (index: number): string[] => [...new Set(names.map((parts) => parts.at(index)!))];
  const axes = [
    ...(names[0]!.length > 1 ? [{ name: 'direction', values: distinct(0) }] : []),
    { name: 'criterion', values: distinct(-1) },
    { name: 'seed', values: Array.from({ length: seeds }, (_, index) => `seed=${index + 1}`) },
  ];
  const runs = Object.entries(bleu).flatMap(([name, scores]) =>
    scores.map((score, index): ReportRun => {
      const values = Object.fromEntries(
        axes.map(({ name: axis }, place) => [axis, [...name.split(','), `seed=${index + 1}`][place]!]),
      );
      const run = emptyRun(values);
      return score === null
        ? { ...run, state: 'waiting' }
        : { ...run, translations: new Map([['test', scored(score)]]) };
    }),
  );
  return { description: { title: 'a sweep', axes, compare, tune: null, published: [] }, runs };
}
