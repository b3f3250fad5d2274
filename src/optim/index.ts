import type { LrSchedulerDefinition } from '../plugins/lr-scheduler.js';
import type { OptimizerDefinition } from '../plugins/optimizer.js';
import { adadelta } from './adadelta.js';
import { adafactor } from './adafactor.js';
import { adagrad } from './adagrad.js';
import { adam } from './adam.js';
import { adamax } from './adamax.js';
import { fixed } from './fixed.js';
import { inverseSqrt } from './inverse-sqrt.js';
import { lamb } from './lamb.js';
import { nag } from './nag.js';
import { sgd } from './sgd.js';

/** Every optimizer; a new one is a file and a line here. */
export const optimizers: readonly OptimizerDefinition[] = [adam, sgd, nag, adagrad, adadelta, adamax, adafactor, lamb];

/** Every learning rate scheduler; a new one is a file and a line here. */
export const lrSchedulers: readonly LrSchedulerDefinition[] = [inverseSqrt, fixed];
