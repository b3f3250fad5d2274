/** `tensor-library.ts` for a browser, whose bundler finds it by `browser` in package.json. */
import * as library from '@tensorflow/tfjs';

/** TensorFlow.js. */
export const tensorLibrary = (): typeof library => library;

/** They are there. */
export function loadGradients(): void {}
