import { basename, join } from 'node:path';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import { loadMetadata } from './checkpoint.js';
import { bestValueOf, epochOf, type NameKey, rankNames, updateOf } from './checkpoint-names.js';
import { isFolder, listCheckpoints, listFairseqCheckpoints } from './checkpoint-path.js';
import { isMaximized } from './metric-direction.js';

/** fairseq's options that select the checkpoints to average. At most one of the numbers is not null. */
export interface AverageSelection {
  /** Stems of checkpoints, or one folder with one of the numbers. `numBestCheckpoints` accepts both. */
  readonly inputs: readonly string[];
  readonly numEpochCheckpoints: number | null;
  readonly numUpdateCheckpoints: number | null;
  readonly numBestCheckpoints: number | null;
  /** The last epoch or update to include. */
  readonly checkpointUpperBound: number | null;
}

/**
 * The stems of the checkpoints to average, newest or best first.
 * @throws UserError if the options contradict each other, or too few checkpoints exist
 */
export function selectForAverage(selection: AverageSelection): string[] {
  const { inputs } = selection;
  if (inputs.length === 0)
    throw new UserError('there are no checkpoints to average', 'give checkpoints or a folder with --inputs');
  checkCombination(selection);
  if (selection.numEpochCheckpoints !== null) {
    return newest(selection, selection.numEpochCheckpoints, epochOf, 'epoch checkpoints (checkpointE)');
  }
  if (selection.numUpdateCheckpoints !== null) {
    return newest(selection, selection.numUpdateCheckpoints, updateOf, 'update checkpoints (checkpoint_E_U)');
  }
  if (selection.numBestCheckpoints !== null) return best(selection, selection.numBestCheckpoints);
  const folder = inputs.find(isFolder);
  if (folder !== undefined) throw new UserError(`${folder} is a folder`, 'add --num-epoch-checkpoints N');
  return [...inputs];
}

function checkCombination(selection: AverageSelection): void {
  const numbers = {
    '--num-epoch-checkpoints': selection.numEpochCheckpoints,
    '--num-update-checkpoints': selection.numUpdateCheckpoints,
    '--num-best-checkpoints': selection.numBestCheckpoints,
  };
  const flags = Object.entries(numbers).filter(([, number]) => number !== null);
  if (flags.length > 1) {
    throw new UserError(`${flags.map(([flag]) => flag).join(' and ')} cannot be combined`, 'choose one');
  }
  const zero = flags.find(([, number]) => number! < 1);
  if (zero !== undefined) throw new UserError(`${zero[0]} is ${zero[1]}`, 'it must be at least 1');
  const bounded = selection.numEpochCheckpoints !== null || selection.numUpdateCheckpoints !== null;
  if (selection.checkpointUpperBound !== null && !bounded) {
    throw new UserError(
      '--checkpoint-upper-bound has no effect on its own',
      'add --num-epoch-checkpoints or --num-update-checkpoints',
    );
  }
  if (bounded && !isOneFolder(selection)) {
    throw new UserError(
      `${flags[0]![0]} selects from one folder, but --inputs is ${selection.inputs.join(' ')}`,
      'give one folder',
    );
  }
}

function newest(selection: AverageSelection, count: number, keyOf: NameKey, what: string): string[] {
  const bound = selection.checkpointUpperBound ?? Number.POSITIVE_INFINITY;
  const folder = selection.inputs[0]!;
  const { names, extension } = checkpointsOf(folder);
  const ranked = rankNames(names, (name) => {
    const key = keyOf(name);
    return key !== null && key <= bound ? key : null;
  });
  return take(
    folder,
    ranked.map((name) => join(folder, name + extension)),
    count,
    what,
  );
}

/** The names of our checkpoints in a folder or, if it has none, of fairseq's. */
function checkpointsOf(folder: string): { names: string[]; extension: string } {
  const names = listCheckpoints(folder);
  return names.length > 0 ? { names, extension: '' } : { names: listFairseqCheckpoints(folder), extension: '.pt' };
}

/**
 * The best by --best-checkpoint-metric of their training. fairseq accepts only a list of files here, we also a folder.
 */
function best(selection: AverageSelection, count: number): string[] {
  const stems = isOneFolder(selection) ? stemsIn(selection.inputs[0]!) : selection.inputs;
  const nameOf = (stem: string): string => basename(stem).replace(/\.(pt|safetensors)$/, '');
  const any = stems.find((stem) => nameOf(stem).startsWith('checkpoint.best_'));
  const { bestCheckpointMetric = 'loss', maximizeBestCheckpointMetric } =
    any === undefined ? {} : loadMetadata(any).options;
  const metricOf = bestValueOf(String(bestCheckpointMetric));
  const largestFirst = rankNames(stems, (stem) => metricOf(nameOf(stem)));
  const bestFirst = isMaximized(bestCheckpointMetric, maximizeBestCheckpointMetric)
    ? largestFirst
    : largestFirst.reverse();
  warnOfSeveralCriterions(bestFirst, String(bestCheckpointMetric));
  const from = isOneFolder(selection) ? selection.inputs[0]! : '--inputs';
  return take(from, bestFirst, count, 'checkpoints of --keep-best-checkpoints');
}

/** Losses of different criterions are not comparable; perplexity and BLEU do not depend on the criterion. */
function warnOfSeveralCriterions(stems: readonly string[], metric: string): void {
  if (metric !== 'loss') return;
  const criterions = new Set(stems.map((stem) => String(loadMetadata(stem).options.criterion)));
  if (criterions.size < 2) return;
  log.warning(
    `the best checkpoints are chosen by losses of different criterions (${[...criterions].join(', ')}), which are not comparable`,
  );
}

const isOneFolder = ({ inputs }: AverageSelection): boolean => inputs.length === 1 && isFolder(inputs[0]!);

function stemsIn(folder: string): string[] {
  const { names, extension } = checkpointsOf(folder);
  return names.map((name) => join(folder, name + extension));
}

function take(from: string, stems: readonly string[], count: number, what: string): string[] {
  if (stems.length < count) {
    throw new UserError(
      `${from} has ${stems.length} ${what}, but ${count} are requested`,
      'request fewer, or train with a larger --keep-last-epochs, --keep-interval-updates or --keep-best-checkpoints',
    );
  }
  return stems.slice(0, count);
}
