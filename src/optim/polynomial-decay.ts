import { UserError } from '../errors.js';
import { defineLrScheduler, type SchedulePosition } from '../plugins/lr-scheduler.js';
import { warmupUpdatesOption } from './warmup-options.js';

/**
 * With u completed updates, w updates of warm-up and T in total: p·u/w while u ≤ w, then
 * (p − end) · (1 − (u−w)/(T−w))^power + end, and `end` from T on. The peak p of epoch e is the (e+1)-th rate of --lr or
 * the last one, as in fairseq (which uses the e-th rate in `fixed`). From epoch --force-anneal on, p is the rate at the
 * end of the previous epoch.
 */
export const polynomialDecay = defineLrScheduler({
  name: 'polynomial_decay',
  summary: 'falls from --lr to --end-learning-rate over --total-num-update',
  options: {
    warmupUpdates: warmupUpdatesOption,
    forceAnneal: {
      kind: 'int',
      default: null,
      min: 1,
      metavar: 'EPOCH',
      help: 'from this epoch on, fall from the rate at the end of the previous epoch',
    },
    endLearningRate: { kind: 'float', default: 0, min: 0, help: 'final rate' },
    power: { kind: 'float', default: 1, help: 'exponent of the decay; 1: linear' },
    totalNumUpdate: {
      kind: 'float',
      default: null,
      min: 1,
      metavar: 'N',
      help: 'updates until the rate is --end-learning-rate (default: --max-update)',
    },
  },
  build({ warmupUpdates, forceAnneal, endLearningRate, power, totalNumUpdate }, learningRates, { maxUpdate }) {
    const total = totalNumUpdate ?? maxUpdate;
    if (total <= 0) {
      throw new UserError(
        '--lr-scheduler polynomial_decay requires a number of updates',
        'give --total-num-update or --max-update',
      );
    }
    let annealed: number | null = null;
    const learningRate = ({ updates, epoch }: SchedulePosition): number => {
      const peak = annealed ?? learningRates[Math.min(epoch, learningRates.length - 1)]!;
      if (warmupUpdates > 0 && updates <= warmupUpdates) return (updates / warmupUpdates) * peak;
      if (updates >= total) return endLearningRate;
      const remaining = 1 - (updates - warmupUpdates) / (total - warmupUpdates);
      return (peak - endLearningRate) * remaining ** power + endLearningRate;
    };
    return {
      learningRate,
      endEpoch(position) {
        if (forceAnneal !== null && position.epoch + 1 >= forceAnneal) annealed = learningRate(position);
      },
      get state() {
        return { annealed };
      },
      set state(state) {
        annealed = state.annealed ?? null;
      },
    };
  },
});
