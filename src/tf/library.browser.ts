/** `library.ts` for browsers. Bundlers find it through `browser` in package.json. */
import * as library from '@tensorflow/tfjs';

/** TensorFlow.js. */
export const tensorLibrary = (): typeof library => library;

/** Does nothing: the import has registered them. */
export function loadGradients(): void {}
