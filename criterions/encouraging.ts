import type { ClassFunction } from '../src/ops/class-function.js';
import { defineOptions, type OptionsOf } from '../src/options/schema.js';
import { defineCriterion } from '../src/plugins/criterion.js';
import { bonusSchedule, checkLogEnd, encouragingLoss, SCHEDULES } from './encouraging-loss.js';

const options = defineOptions({
  logEnd: {
    kind: 'float',
    default: 0.5,
    help: 'LE in (0, 1]: above this p the log bonus continues as its tangent; 1: no tangent',
  },
  labelSmoothing: { kind: 'float', default: 0, min: 0, max: 1, help: 'ε of the cross entropy; every class gets ε/V' },
  bonusLabelSmoothing: {
    kind: 'float',
    default: null,
    min: 0,
    max: 1,
    help: 'ε of the bonus (default: --label-smoothing)',
  },
  bonus: {
    kind: 'choice',
    choices: ['log', 'power', 'cosine', 'aggressive', 'abrupt'],
    default: 'log',
    help:
      'log: log(1−p), with its tangent above --log-end; power: −p^γ; cosine: cos(πp)−1; ' +
      'aggressive: log(1−p) only above --bonus-start; abrupt: log(1−p) only up to --bonus-abrupt',
  },
  bonusExponent: { kind: 'float', default: 1, min: 0, help: 'γ of --bonus power' },
  bonusStart: {
    kind: 'float',
    default: 0.5,
    min: 0,
    max: 1,
    help: '--bonus aggressive rewards only p above this value',
  },
  bonusAbrupt: { kind: 'float', default: 0.75, min: 0, max: 1, help: '--bonus abrupt rewards only p up to this value' },
  bonusWeight: { kind: 'float', default: 1, help: 'ρ, the weight of the bonus' },
  bonusScale: { kind: 'float', default: 1, min: 0, max: 1, help: 'ρ inside log(1−ρp)' },
  bonusClamp: { kind: 'float', default: 1e-5, min: 0, help: 'lower bound of 1−p inside the logarithm' },
  bonusSchedule: {
    kind: 'choice',
    choices: SCHEDULES,
    default: 'constant',
    help: 'how the weight of the bonus grows over the epochs',
  },
  bonusScheduleEpochs: { kind: 'int', default: null, min: 1, help: 'epochs until the bonus has its full weight' },
  bonusScheduleRate: { kind: 'float', default: 5, help: 'rate of --bonus-schedule exponential; may be negative' },
  bonusPadding: {
    kind: 'choice',
    choices: ['drop', 'keep'],
    default: 'drop',
    help: "keep: padding gets the bonus too, as in the paper's code without --el_mask_pad 1",
  },
});

type EncouragingOptions = OptionsOf<typeof options>;

/** The encouraging loss of Zhao et al. 2022 with all variants of the paper. */
export const encouraging = defineCriterion({
  name: 'encouraging',
  summary: 'cross entropy plus a bonus log(1−p) for well-classified tokens',
  options,
  build(options) {
    checkLogEnd(options.logEnd, '--log-end');
    return encouragingLoss({
      labelSmoothing: options.labelSmoothing,
      bonusLabelSmoothing: options.bonusLabelSmoothing ?? options.labelSmoothing,
      bonus: bonusFunction(options),
      weight: options.bonusWeight,
      smoothingWeight: options.bonusWeight,
      schedule: bonusSchedule(options.bonusSchedule, options.bonusScheduleEpochs, options.bonusScheduleRate, {
        schedule: '--bonus-schedule',
        epochs: '--bonus-schedule-epochs',
        rate: '--bonus-schedule-rate',
      }),
      paddingRows: options.bonusPadding,
    });
  },
});

function bonusFunction(options: EncouragingOptions): ClassFunction {
  const { bonus, logEnd, bonusExponent, bonusStart, bonusAbrupt, bonusScale, bonusClamp } = options;
  const log = { family: 'log', logEnd: 1, clamp: bonusClamp, scale: bonusScale, start: 0, abrupt: 0 } as const;
  switch (bonus) {
    case 'log':
      return { ...log, logEnd };
    case 'aggressive':
      return { ...log, start: bonusStart };
    case 'abrupt':
      return { ...log, abrupt: bonusAbrupt };
    case 'power':
      return { family: 'power', exponent: bonusExponent, start: 0, abrupt: 0 };
    case 'cosine':
      return { family: 'cosine', abrupt: 0 };
  }
}
