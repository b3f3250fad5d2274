import { defineLrScheduler } from '../plugins/lr-scheduler.js';
import { singleRate } from './single-rate.js';

/**
 * With u completed updates, peak rate p, initial rate f and w warm-up updates: f + u · (p − f) / w while u < w, then
 * p · √(w / u) (Vaswani et al. 2017).
 */
export const inverseSqrt = defineLrScheduler({
  name: 'inverse_sqrt',
  summary: 'rises linearly to --lr, then falls with the inverse square root of the updates',
  options: {
    warmupUpdates: { kind: 'int', default: 4000, min: 1, help: 'number of updates of the linear warm-up to --lr' },
    warmupInitLr: { kind: 'float', default: -1, help: 'rate of the first update; -1: 0' },
  },
  build({ warmupUpdates, warmupInitLr }, learningRates) {
    const peak = singleRate(learningRates, 'inverse_sqrt');
    const first = warmupInitLr < 0 ? 0 : warmupInitLr;
    const rise = (peak - first) / warmupUpdates;
    const decayFactor = peak * Math.sqrt(warmupUpdates);
    return {
      learningRate: ({ updates }) =>
        updates < warmupUpdates ? first + updates * rise : decayFactor / Math.sqrt(updates),
    };
  },
});
