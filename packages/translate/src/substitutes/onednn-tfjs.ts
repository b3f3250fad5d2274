import { tensorFlow } from './tensorflow.js';

/** The parts of TensorFlow.js that the backend extends. */
export const loadTfjs = tensorFlow;
