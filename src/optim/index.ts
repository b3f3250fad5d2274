import type { LrSchedulerDefinition } from '../plugins/lr-scheduler.js';
import type { OptimizerDefinition } from '../plugins/optimizer.js';
import { adam } from './adam.js';
import { fixed } from './fixed.js';
import { inverseSqrt } from './inverse-sqrt.js';

/** Every optimizer; a new one is a file and a line here. */
export const optimizers: readonly OptimizerDefinition[] = [adam];

/** Every learning rate scheduler; a new one is a file and a line here. */
export const lrSchedulers: readonly LrSchedulerDefinition[] = [inverseSqrt, fixed];
