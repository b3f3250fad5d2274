import {
  bestCheckpointName,
  bestValueOf,
  epochOf,
  type NameKey,
  rankNames,
  roundValue,
  updateOf,
} from './checkpoint-names.js';

/** fairseq's options for keeping checkpoints. −1 keeps all, except for `keepBestCheckpoints`: none. */
export interface RetentionOptions {
  readonly keepLastEpochs: number;
  readonly keepIntervalUpdates: number;
  /** Updates that are a multiple of this are kept and not counted among the newest ones; −1 for none. */
  readonly keepIntervalUpdatesPattern: number;
  readonly keepBestCheckpoints: number;
  readonly bestCheckpointMetric: string;
  readonly maximizeBestCheckpointMetric: boolean;
}

/**
 * The checkpoints to delete: all except the newest epochs, the newest updates and the best values that the options
 * keep. `checkpoint_best` and `checkpoint_last` are always kept.
 * @param names of all checkpoints in the folder, without folder and extension
 */
export function checkpointsToDelete(names: readonly string[], options: RetentionOptions): string[] {
  return [
    ...beyond(rankNames(names, epochOf), options.keepLastEpochs),
    ...beyond(rankNames(names, updateOutsideOf(options.keepIntervalUpdatesPattern)), options.keepIntervalUpdates),
    ...beyond(bestFirst(names, options), options.keepBestCheckpoints),
  ];
}

/**
 * The name of a checkpoint among the --keep-best-checkpoints best, or null if it is not one of them. Unlike in fairseq,
 * the order in which they were saved does not matter. A tie for the last place goes to the older checkpoint.
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

/** The update in a checkpoint's name, unless it is a multiple of the pattern. */
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
