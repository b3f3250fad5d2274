import { UserError } from '../../src/errors.js';
import type { ClassFunction } from '../../src/ops/class-function.js';
import { defineOptions, type OptionsOf } from '../../src/options/schema.js';
import { defineCriterion } from '../../src/plugins/criterion.js';
import { bonusSchedule, checkLogEnd, encouragingLoss } from '../encouraging-loss.js';

const CLAMP = 1e-5; // the paper's

const options = defineOptions({
  labelSmoothing: { kind: 'float', default: 0, min: 0, max: 1, help: 'ε of the cross entropy; every class gets ε/V' },
  bonus_gamma: {
    kind: 'int',
    flag: 'bonus_gamma',
    default: 0,
    min: -2,
    help: '0: no bonus; −1: log(1−p); −2: cos(πp)−1; γ > 0: −p^γ',
  },
  bonus_rho: { kind: 'float', flag: 'bonus_rho', default: 1, help: "weight of the target's bonus" },
  bonus_start: { kind: 'float', flag: 'bonus_start', default: 0, help: 'reward only p from this value on' },
  bonus_abrupt: { kind: 'float', flag: 'bonus_abrupt', default: -1, help: 'no bonus above this p; −1: off' },
  log_end: {
    kind: 'float',
    flag: 'log_end',
    default: 1,
    help: 'LE: above this p the log bonus continues as its tangent; 1: no tangent',
  },
  el_lb: { kind: 'float', flag: 'el_lb', default: 0, help: 'label smoothing of the bonus' },
  el_mask_pad: {
    kind: 'int',
    flag: 'el_mask_pad',
    default: 0,
    min: 0,
    max: 1,
    help: '1: padding gets no bonus',
  },
  el_schedule: {
    kind: 'choice',
    flag: 'el_schedule',
    choices: ['linear', 'exp', 'cos'],
    default: null,
    help: 'how the weight of the bonus grows over the epochs',
  },
  el_schedule_max_epoch: {
    kind: 'int',
    flag: 'el_schedule_max_epoch',
    default: null,
    min: 1,
    help: 'epochs until the bonus has its full weight',
  },
  el_exp_schedule_ratio: { kind: 'int', flag: 'el_exp_schedule_ratio', default: 5, help: 'rate of --el_schedule exp' },
  sub_data_rho: { kind: 'float', flag: 'sub_data_rho', default: 1, help: 'ρ inside log(1−ρp)' },
});

type EncourageLossOptions = OptionsOf<typeof options>;

const SCHEDULE_NAMES = { linear: 'linear', exp: 'exponential', cos: 'cosine' } as const;

/**
 * The criterion of the paper's fairseq code with its names and defaults: no bonus until --bonus_gamma is set, LE 1, a
 * bonus for padding unless --el_mask_pad 1. --bonus_rho weights the target's bonus, not the part that --el_lb spreads.
 *
 * The code's `all_dynamic_rho`, which weights the bonus by a table with one entry per epoch, is not supported: the
 * paper does not give the table, so results could not be compared. --el_schedule weights the bonus by formulas.
 */
export const encourageLoss = defineCriterion({
  name: 'encourage_loss',
  summary: "the criterion of the paper's code; use encouraging for new runs",
  options,
  build(options) {
    checkLogEnd(options.log_end, '--log_end');
    return encouragingLoss({
      labelSmoothing: options.labelSmoothing,
      bonusLabelSmoothing: options.el_lb,
      bonus: bonusFunction(options),
      weight: options.bonus_rho,
      smoothingWeight: 1,
      schedule: bonusSchedule(
        options.el_schedule === null ? 'constant' : SCHEDULE_NAMES[options.el_schedule],
        options.el_schedule_max_epoch,
        options.el_exp_schedule_ratio,
        { schedule: '--el_schedule', epochs: '--el_schedule_max_epoch', rate: '--el_exp_schedule_ratio' },
      ),
      paddingRows: options.bonus_gamma !== 0 && options.el_mask_pad === 0 ? 'keep' : 'drop',
    });
  },
});

function bonusFunction(options: EncourageLossOptions): ClassFunction | null {
  const { bonus_gamma: gamma, bonus_start: start, bonus_abrupt: abrupt } = options;
  if (gamma === 0) return null;
  if (gamma > 0) return { family: 'power', exponent: gamma, start, abrupt };
  if (gamma === -1)
    return { family: 'log', logEnd: options.log_end, clamp: CLAMP, scale: options.sub_data_rho, start, abrupt };
  if (start !== 0) throw new UserError('--bonus_start has no effect on the cosine bonus', 'leave it out');
  return { family: 'cosine', abrupt };
}
