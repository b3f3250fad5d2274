import type { OptionValues } from '../../options/schema.js';
import type { ScheduleState } from '../../plugins/lr-scheduler.js';
import type { Json } from '../json-text.js';
import type { MeterState, MeterStates, TrainingState } from '../training-state.js';
import { itemsOf } from './construct.js';
import type { ReadTensor } from './parameters.js';
import { type Budget, plainData, recordOf } from './plain-data.js';
import { numberOf, type PythonDict, type PythonValue, TensorReference } from './python-values.js';

/**
 * Reads the training state of a fairseq run from `extra_state` and `optimizer_history`.
 * @returns null if the file lacks them
 */
export function trainingState(
  root: PythonDict,
  options: OptionValues,
  budget: Budget,
  read: ReadTensor,
): TrainingState | null {
  const history = itemsOf(root.get('optimizer_history'));
  const extra = root.get('extra_state');
  if (history.length === 0 || !(extra instanceof Map)) return null;
  const last = recordOf(plainData(history[history.length - 1]!, budget));
  const iterator = recordOf(plainData((extra as PythonDict).get('train_iterator') ?? null, budget));
  const epoch = Math.max(1, wholeNumber(iterator.epoch) ?? 1);
  const iterations = wholeNumber(iterator.iterations_in_epoch) ?? 0;
  const best = numberOf((extra as PythonDict).get('best')) ?? numberIn(recordOf(last.lr_scheduler_state).best) ?? null;
  // At the end of an epoch fairseq's iterator is at the start of the next one.
  const done = iterations === 0 ? Math.max(1, epoch - 1) : epoch;
  return {
    epoch: done,
    updates: wholeNumber(last.num_updates) ?? 0,
    iterator: { epoch, iterationsInEpoch: iterations, shuffle: iterator.shuffle !== false },
    bestMetric: best,
    earlyStopping: { best, validationsSince: 0 },
    ...(options.lrScheduler === 'reduce_lr_on_plateau'
      ? { lrScheduler: plateau(root, recordOf(last.lr_scheduler_state)) }
      : {}),
    seed: wholeNumber(options.seed as Json) ?? 1,
    meters: iterations === 0 ? { train: {}, train_inner: {} } : meters((extra as PythonDict).get('metrics'), read),
  };
}

/** fairseq stores the rate of this schedule with the optimizer and does not store the epochs without improvement. */
function plateau(root: PythonDict, { best }: Readonly<Record<string, Json>>): ScheduleState {
  const state = root.get('last_optimizer_state');
  const [group] = itemsOf(state instanceof Map ? (state as PythonDict).get('param_groups') : null);
  const rate = numberOf(group instanceof Map ? (group as PythonDict).get('lr') : null);
  return { rate, best: numberIn(best), epochsSince: 0 };
}

/** A finite number. The best value of fairseq's reduce_lr_on_plateau is infinite before the first validation. */
const numberIn = (value: Json | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

const wholeNumber = (value: Json | undefined): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

/**
 * Converts fairseq's AverageMeters, including a criterion's own, to [latest, sum, weight]. Meters without weight (the
 * learning rate) are not averages and are omitted. Rates and times restart.
 */
function meters(metrics: PythonValue | undefined, read: ReadTensor): MeterStates {
  const groups = metrics instanceof Map ? (metrics as PythonDict) : new Map<PythonValue, PythonValue>();
  const group = (name: string): Record<string, MeterState> => {
    const averages = Object.fromEntries(itemsOf(groups.get(name)).flatMap((meter) => averageOf(itemsOf(meter), read)));
    // fairseq's cross_entropy reports only the loss, which equals nll_loss.
    return averages.loss === undefined ? averages : { nll_loss: averages.loss, ...averages };
  };
  return { train: group('train'), train_inner: group('train_inner') };
}

/** @param meter `(priority, name, class, {val, sum, count})` */
function averageOf([, name, kind, state]: readonly PythonValue[], read: ReadTensor): [string, MeterState][] {
  if (typeof name !== 'string' || kind !== 'AverageMeter' || !(state instanceof Map)) return [];
  const value = (key: string): number | null => {
    const field = (state as PythonDict).get(key);
    if (field instanceof TensorReference) return field.size === 1 ? Number(read(field).data[0]) : null;
    return numberOf(field);
  };
  const [sum, count] = [value('sum'), value('count')];
  return sum === null || count === null || count === 0 ? [] : [[name, [value('val'), sum, count]]];
}
