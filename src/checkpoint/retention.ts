import {
  bestCheckpointName,
  bestValueOf,
  epochOf,
  type NameKey,
  rankNames,
  roundValue,
  updateOf,
} from './checkpoint-names.js';

/** fairseq's options on what to keep; −1 keeps all, of the best checkpoints none. */
export interface RetentionOptions {
  readonly keepLastEpochs: number;
  readonly keepIntervalUpdates: number;
  /** Multiples of it stay and are not counted among the newest updates; −1 for none. */
  readonly keepIntervalUpdatesPattern: number;
  readonly keepBestCheckpoints: number;
  readonly bestCheckpointMetric: string;
  readonly maximizeBestCheckpointMetric: boolean;
}

/**
 * The checkpoints that go: all but the newest epochs, the newest updates and the best values, as many as the options
 * say. `checkpoint_best` and `checkpoint_last` always stay.
 * @param names of all checkpoints in the folder, without it and without extension
 */
export function checkpointsToDelete(names: readonly string[], options: RetentionOptions): string[] {
  return [
    ...beyond(rankNames(names, epochOf), options.keepLastEpochs),
    ...beyond(rankNames(names, updateOutsideOf(options.keepIntervalUpdatesPattern)), options.keepIntervalUpdates),
    ...beyond(bestFirst(names, options), options.keepBestCheckpoints),
  ];
}

/**
 * The name under which a checkpoint joins the --keep-best-checkpoints best, or null when it is none of them. Unlike in
 * fairseq these are the best of all so far, whatever the order in which they came; a tie for the last place goes to the
 * older one.
 */
export function nameAmongBest(names: readonly string[], value: number, options: RetentionOptions): string | null {
  const { bestCheckpointMetric: metric, maximizeBestCheckpointMetric: maximize, keepBestCheckpoints } = options;
  if (keepBestCheckpoints <= 0 || !Number.isFinite(value)) return null;
  const rounded = roundValue(value);
  const notWorse = names.filter((name) => {
    const other = bestValueOf(metric)(name);
    return other !== null && (maximize ? roundValue(other) >= rounded : roundValue(other) <= rounded);
  });
  return notWorse.length < keepBestCheckpoints ? bestCheckpointName(metric, value, names) : null;
}

/** The update of a name that is not a multiple of the pattern. */
const updateOutsideOf =
  (pattern: number): NameKey =>
  (name) => {
    const update = updateOf(name);
    return update !== null && pattern > 0 && update % pattern === 0 ? null : update;
  };

function bestFirst(names: readonly string[], options: RetentionOptions): string[] {
  const largestFirst = rankNames(names, bestValueOf(options.bestCheckpointMetric));
  return options.maximizeBestCheckpointMetric ? largestFirst : largestFirst.reverse();
}

const beyond = (ranked: readonly string[], keep: number): readonly string[] => (keep > 0 ? ranked.slice(keep) : []);
