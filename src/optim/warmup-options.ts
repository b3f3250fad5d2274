import type { FloatOption, IntOption } from '../options/schema.js';

/** The options of a linear rise at the beginning, for schedules without one unless it is asked for. */
export const warmupUpdatesOption = {
  kind: 'int',
  default: 0,
  min: 0,
  help: 'updates until the rate is --lr',
} as const satisfies IntOption;

/** `--warmup-init-lr` of the schedules with a warm-up. */
export const warmupInitLrOption = {
  kind: 'float',
  default: -1,
  help: 'rate of the first update of the warm-up; -1 means the least rate',
} as const satisfies FloatOption;
