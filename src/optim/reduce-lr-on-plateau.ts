import { UserError } from '../errors.js';
import { defineLrScheduler } from '../plugins/lr-scheduler.js';
import { singleRate } from './single-rate.js';
import { warmupUpdatesOption } from './warmup-options.js';

/** A reduction by less than this is left out, as in PyTorch. */
const LEAST_REDUCTION = 1e-8;

/**
 * PyTorch's ReduceLROnPlateau after fairseq's linear warm-up: the rate shrinks when more than --lr-patience epochs in a
 * row were no better than the best, by --lr-threshold of it.
 *
 * Two differences: where the best value is negative, as a loss may be, PyTorch's threshold would take the same value for
 * a better one; and fairseq forgets the epochs without improvement when training goes on from a checkpoint, and, as it
 * saves before, what the last epoch's value has changed.
 */
export const reduceLrOnPlateau = defineLrScheduler({
  name: 'reduce_lr_on_plateau',
  summary: 'shrinks --lr when the validation no longer gets better',
  options: {
    lrShrink: { kind: 'float', default: 0.1, help: 'factor of the rate' },
    lrThreshold: {
      kind: 'float',
      default: 1e-4,
      help: 'part of the best value by which a better one has to be better',
    },
    lrPatience: { kind: 'int', default: 0, min: 0, help: 'epochs without a better value that are let pass' },
    warmupUpdates: warmupUpdatesOption,
    warmupInitLr: { kind: 'float', default: -1, help: 'rate of the first update of the warm-up; -1 means 0' },
  },
  build({ lrShrink, lrThreshold, lrPatience, warmupUpdates, warmupInitLr }, learningRates, context) {
    const highest = singleRate(learningRates, 'reduce_lr_on_plateau');
    if (lrShrink >= 1) throw new UserError(`--lr-shrink ${lrShrink} does not shrink`, 'give a factor below 1');
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
        if (rate - reduced > LEAST_REDUCTION) rate = reduced;
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
