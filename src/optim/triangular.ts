import { UserError } from '../errors.js';
import { defineLrScheduler } from '../plugins/lr-scheduler.js';
import { singleRate } from './single-rate.js';

/** Cyclical rates (Smith 2017): each period rises from --lr to --max-lr and falls again; the peaks shrink. */
export const triangular = defineLrScheduler({
  name: 'triangular',
  summary: 'rises from --lr to --max-lr and falls again in each period',
  options: {
    maxLr: { kind: 'float', default: null, help: 'highest rate of the first period; required' },
    lrPeriodUpdates: { kind: 'float', default: 5000, min: 2, metavar: 'N', help: 'updates per period' },
    lrShrink: { kind: 'float', default: 0.1, help: 'factor of --max-lr after each period' },
    shrinkMin: { kind: 'boolean', default: false, help: 'shrink --lr as well' },
  },
  build({ maxLr, lrPeriodUpdates, lrShrink, shrinkMin }, learningRates) {
    const lowest = singleRate(learningRates, 'triangular');
    if (maxLr === null || maxLr <= lowest) {
      throw new UserError(
        `--lr-scheduler triangular requires a --max-lr above --lr ${lowest}`,
        'give a larger --max-lr',
      );
    }
    const half = Math.floor(lrPeriodUpdates / 2);
    return {
      learningRate({ updates }) {
        const cycle = Math.floor(updates / (2 * half));
        const shrink = lrShrink ** cycle;
        const low = shrinkMin ? lowest * shrink : lowest;
        const fromPeak = Math.abs(updates / half - 2 * cycle - 1); // 0 at the peak, 1 at both ends
        return low + (maxLr * shrink - low) * Math.max(0, 1 - fromPeak);
      },
    };
  },
});
