import type { LrSchedulerDefinition } from '../plugins/lr-scheduler.js';
import type { OptimizerDefinition } from '../plugins/optimizer.js';
import { adadelta } from './adadelta.js';
import { adafactor } from './adafactor.js';
import { adagrad } from './adagrad.js';
import { adam } from './adam.js';
import { adamax } from './adamax.js';
import { cosine } from './cosine.js';
import { fixed } from './fixed.js';
import { inverseSqrt } from './inverse-sqrt.js';
import { lamb } from './lamb.js';
import { nag } from './nag.js';
import { polynomialDecay } from './polynomial-decay.js';
import { reduceLrOnPlateau } from './reduce-lr-on-plateau.js';
import { sgd } from './sgd.js';
import { step } from './step.js';
import { triStage } from './tri-stage.js';
import { triangular } from './triangular.js';

/** The built-in optimizers. */
export const optimizers: readonly OptimizerDefinition[] = [adam, sgd, nag, adagrad, adadelta, adamax, adafactor, lamb];

/** The built-in learning rate schedulers. */
export const lrSchedulers: readonly LrSchedulerDefinition[] = [
  inverseSqrt,
  fixed,
  polynomialDecay,
  cosine,
  reduceLrOnPlateau,
  step,
  triStage,
  triangular,
];
