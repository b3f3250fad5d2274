import { InternalError } from '../../../../src/errors.js';
import type * as Original from '../../../../src/tf/library.js';
import { tensorFlow } from './tensorflow.js';

/** The core of TensorFlow.js with its JavaScript backend. */
export const tensorLibrary: (typeof Original)['tensorLibrary'] = () => {
  const { core, cpu } = tensorFlow();
  void cpu; // registers itself
  return core;
};

const NO_GRADIENTS = 'the package that translates has no gradients';

export const wholeLibrary: (typeof Original)['wholeLibrary'] = () => {
  throw new InternalError(NO_GRADIENTS);
};

export const loadGradients: (typeof Original)['loadGradients'] = () => {
  throw new InternalError(NO_GRADIENTS);
};
