import type { OptionValues } from '../../options/schema.js';
import type { ScheduleState } from '../../plugins/lr-scheduler.js';
import type { Json } from '../json-text.js';
import type { MeterState, MeterStates, TrainingState } from '../training-state.js';
import { itemsOf } from './construct.js';
import type { ReadTensor } from './parameters.js';
import { type Budget, plainData, recordOf } from './plain-data.js';
import { numberOf, type PythonDict, type PythonValue, TensorReference } from './python-values.js';

/**
 * Where a run of fairseq stood, out of `extra_state` and `optimizer_history`.
 * @returns null where the file does not say
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
  // At the end of an epoch fairseq's iterator stands at the beginning of the next.
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

/** fairseq keeps the rate of this schedule with the optimizer and forgets the epochs without improvement. */
function plateau(root: PythonDict, { best }: Readonly<Record<string, Json>>): ScheduleState {
  const state = root.get('last_optimizer_state');
  const [group] = itemsOf(state instanceof Map ? (state as PythonDict).get('param_groups') : null);
  const rate = numberOf(group instanceof Map ? (group as PythonDict).get('lr') : null);
  return { rate, best: numberIn(best), epochsSince: 0 };
}

/** Before it has seen a value, fairseq's reduce_lr_on_plateau has an infinite best one. */
const numberIn = (value: Json | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

const wholeNumber = (value: Json | undefined): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

/**
 * fairseq's AverageMeters as ours: [latest, sum, weight], a criterion's own too. What weighs nothing (the learning rate)
 * is not averaged; rates and times begin anew.
 */
function meters(metrics: PythonValue | undefined, read: ReadTensor): MeterStates {
  const groups = metrics instanceof Map ? (metrics as PythonDict) : new Map<PythonValue, PythonValue>();
  const group = (name: string): Record<string, MeterState> => {
    const averages = Object.fromEntries(itemsOf(groups.get(name)).flatMap((meter) => averageOf(itemsOf(meter), read)));
    // fairseq's cross_entropy has the loss alone, which is the likelihood.
    return averages.loss === undefined ? averages : { nll_loss: averages.loss, ...averages };
  };
  return { train: group('train'), train_inner: group('train_inner') };
}

/** @param meter `(priority, name, class, {val, sum, count})` */
function averageOf([, name, kind, state]: readonly PythonValue[], read: ReadTensor): [string, MeterState][] {
  if (typeof name !== 'string' || kind !== 'AverageMeter' || !(state instanceof Map)) return [];
  const value = (key: string): number | null => {
    const figure = (state as PythonDict).get(key);
    if (figure instanceof TensorReference) return figure.size === 1 ? Number(read(figure).data[0]) : null;
    return numberOf(figure);
  };
  const [sum, count] = [value('sum'), value('count')];
  return sum === null || count === null || count === 0 ? [] : [[name, [value('val'), sum, count]]];
}
