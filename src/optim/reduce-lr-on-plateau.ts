import { UserError } from '../errors.js';
import { defineLrScheduler } from '../plugins/lr-scheduler.js';
import { singleRate } from './single-rate.js';
import { warmupUpdatesOption } from './warmup-options.js';

/** Smaller reductions are skipped, as in PyTorch. */
const MIN_REDUCTION = 1e-8;

/**
 * PyTorch's ReduceLROnPlateau after fairseq's linear warm-up. The rate shrinks after more than --lr-patience successive
 * epochs that did not improve on the best value by at least the fraction --lr-threshold.
 *
 * There are two differences. If the best value is negative, as a loss may be, PyTorch's threshold accepts an equal
 * value as better. And when fairseq resumes, it has lost the number of epochs without improvement and the effect of the
 * last epoch's value, because it saves the checkpoint before the schedule sees that value.
 */
export const reduceLrOnPlateau = defineLrScheduler({
  name: 'reduce_lr_on_plateau',
  summary: 'shrinks --lr when validation no longer improves',
  options: {
    lrShrink: { kind: 'float', default: 0.1, help: 'factor of each reduction' },
    lrThreshold: {
      kind: 'float',
      default: 1e-4,
      help: 'fraction of the best value by which a better value must improve',
    },
    lrPatience: { kind: 'int', default: 0, min: 0, help: 'epochs without improvement before the rate shrinks' },
    warmupUpdates: warmupUpdatesOption,
    warmupInitLr: { kind: 'float', default: -1, help: 'rate of the first update of the warm-up; -1: 0' },
  },
  build({ lrShrink, lrThreshold, lrPatience, warmupUpdates, warmupInitLr }, learningRates, context) {
    const highest = singleRate(learningRates, 'reduce_lr_on_plateau');
    if (lrShrink >= 1) throw new UserError(`--lr-shrink ${lrShrink} does not shrink the rate`, 'give a factor below 1');
    const { maximizeBestCheckpointMetric: maximize } = context;
    const first = warmupInitLr < 0 ? 0 : warmupInitLr;
    const isWarmup = (updates: number): boolean => warmupUpdates > 0 && updates <= warmupUpdates;
    const isBetter = (value: number): boolean => {
      if (best === null) return !Number.isNaN(value);
      const margin = lrThreshold * Math.abs(best);
      return maximize ? value > best + margin : value < best - margin;
    };
    let rate = highest;
    let best: number | null = null;
    let epochsSince = 0;
    return {
      learningRate: ({ updates }) => (isWarmup(updates) ? first + (updates * (highest - first)) / warmupUpdates : rate),
      endEpoch({ updates }, value) {
        if (value === null || isWarmup(updates)) return;
        const better = isBetter(value);
        if (better) best = value;
        epochsSince = better ? 0 : epochsSince + 1;
        if (epochsSince <= lrPatience) return;
        epochsSince = 0;
        const reduced = rate * lrShrink;
        if (rate - reduced > MIN_REDUCTION) rate = reduced;
      },
      forgetValues() {
        best = null;
        epochsSince = 0;
      },
      get state() {
        return { rate, best, epochsSince };
      },
      set state(state) {
        rate = state.rate ?? highest;
        best = state.best ?? null;
        epochsSince = state.epochsSince ?? 0;
      },
    };
  },
});
