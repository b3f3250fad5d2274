import type { FloatOption, IntOption } from '../options/schema.js';

/** The options of a linear warm-up, for schedules that have none by default. */
export const warmupUpdatesOption = {
  kind: 'int',
  default: 0,
  min: 0,
  help: 'number of updates of the linear warm-up to --lr',
} as const satisfies IntOption;

/** `--warmup-init-lr` of the schedules with a warm-up. */
export const warmupInitLrOption = {
  kind: 'float',
  default: -1,
  help: 'rate of the first update of the warm-up; -1: the minimum rate',
} as const satisfies FloatOption;
