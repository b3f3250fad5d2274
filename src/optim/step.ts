import { UserError } from '../errors.js';
import { defineLrScheduler } from '../plugins/lr-scheduler.js';
import { singleRate } from './single-rate.js';
import { warmupInitLrOption, warmupUpdatesOption } from './warmup-options.js';

/** After a linear warm-up, --lr · --lr-decay^(number of completed periods), but at least --min-lr. */
export const step = defineLrScheduler({
  name: 'step',
  summary: 'shrinks --lr by a factor every N updates',
  options: {
    warmupUpdates: warmupUpdatesOption,
    warmupInitLr: warmupInitLrOption,
    minLr: { kind: 'float', default: 0, min: 0, help: 'minimum rate' },
    lrDecayPeriod: {
      kind: 'int',
      default: 25000,
      min: 1,
      aliases: ['--lr-deacy-period'], // fairseq's spelling
      help: 'updates between decays',
    },
    lrDecay: { kind: 'float', default: 0.5, max: 1, help: 'factor of each decay' },
  },
  build({ warmupUpdates, warmupInitLr, minLr, lrDecayPeriod, lrDecay }, learningRates) {
    const highest = singleRate(learningRates, 'step');
    if (highest <= minLr) throw new UserError(`--lr ${highest} is not above --min-lr ${minLr}`, 'lower --min-lr');
    const first = warmupInitLr < 0 ? minLr : warmupInitLr;
    return {
      learningRate({ updates }) {
        if (updates < warmupUpdates) return first + (updates * (highest - first)) / warmupUpdates;
        const decays = Math.floor((updates - warmupUpdates) / lrDecayPeriod);
        return Math.max(highest * lrDecay ** decays, minLr);
      },
    };
  },
});
