import { UserError } from '../errors.js';
import { defineLrScheduler } from '../plugins/lr-scheduler.js';
import { singleRate } from './single-rate.js';
import { warmupInitLrOption, warmupUpdatesOption } from './warmup-options.js';

/**
 * Warm restarts (Loshchilov and Hutter 2017) after a linear warm-up. The rate after t of the t_i updates of period i:
 *   shrink^i · (min + ½·(max − min)·(1 + cos(π·t/t_i)))
 * Period i is --t-mult^i times as long as the first.
 */
export const cosine = defineLrScheduler({
  name: 'cosine',
  summary: 'falls along a cosine from --lr to --min-lr in each period',
  options: {
    warmupUpdates: warmupUpdatesOption,
    warmupInitLr: warmupInitLrOption,
    minLr: { kind: 'float', default: 0, min: 0, help: 'rate at the end of a period' },
    tMult: { kind: 'float', default: 1, help: 'ratio of the length of each period to that of the previous one' },
    lrPeriodUpdates: {
      kind: 'float',
      default: -1,
      metavar: 'N',
      help: 'updates of the first period; -1: --max-update minus the warm-up',
    },
    lrShrink: { kind: 'float', default: 0.1, help: 'factor of --lr and --min-lr after each period' },
  },
  build({ warmupUpdates, warmupInitLr, minLr, tMult, lrPeriodUpdates, lrShrink }, learningRates, { maxUpdate }) {
    const highest = singleRate(learningRates, 'cosine');
    const lowest = Math.min(minLr, highest);
    const first = warmupInitLr < 0 ? lowest : warmupInitLr;
    const length = lrPeriodUpdates > 0 ? lrPeriodUpdates : maxUpdate - warmupUpdates;
    if (length <= 0) {
      throw new UserError(
        '--lr-scheduler cosine requires the length of its period',
        'give --lr-period-updates, or a --max-update beyond the warm-up',
      );
    }
    if (tMult <= 0) throw new UserError(`--t-mult ${tMult} is not above 0`, 'give a ratio, e.g. 2');
    // Periods that become shorter end after length / (1 − tMult) updates, however many there are.
    const total = tMult < 1 ? length / (1 - tMult) : Infinity;
    if (maxUpdate <= 0 ? total < Infinity : maxUpdate - warmupUpdates >= total) {
      throw new UserError(
        `with --t-mult ${tMult}, all periods of --lr-scheduler cosine together have less than ${Math.ceil(total)} updates`,
        'give a --t-mult of at least 1, or a smaller --max-update',
      );
    }
    return {
      learningRate({ updates }) {
        if (updates < warmupUpdates) return first + (updates * (highest - first)) / warmupUpdates;
        const { index, part } = periodAt(updates - warmupUpdates, length, tMult);
        const shrink = lrShrink ** index;
        return shrink * (lowest + 0.5 * (highest - lowest) * (1 + Math.cos(Math.PI * part)));
      },
    };
  },
});

/** The index of the period of an update, from 0, and the completed part of that period, in [0, 1). */
function periodAt(updates: number, length: number, growth: number): { index: number; part: number } {
  if (growth === 1) {
    const index = Math.floor(updates / length);
    return { index, part: updates / length - index };
  }
  // Period i begins after length · (1 − growth^i) / (1 − growth) updates.
  const index = Math.floor(Math.log(1 - (updates / length) * (1 - growth)) / Math.log(growth));
  const begin = ((1 - growth ** index) / (1 - growth)) * length;
  return { index, part: (updates - begin) / (length * growth ** index) };
}
