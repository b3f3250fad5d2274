import { createRequire } from 'node:module';
import type * as Whole from '@tensorflow/tfjs';
import type * as Library from '@tensorflow/tfjs-core';

const require = createRequire(import.meta.url);
let library: typeof Library | null = null;
let whole: typeof Whole | null = null;

/**
 * The core of TensorFlow.js with its JavaScript CPU backend, loaded at the first call. It uses `require` because Node
 * parses a CommonJS file for its exports before it `import`s it, which takes longer than running it.
 */
export function tensorLibrary(): typeof Library {
  if (library === null) {
    library = require('@tensorflow/tfjs-core') as typeof Library;
    require('@tensorflow/tfjs-backend-cpu');
  }
  return library;
}

/** All of TensorFlow.js with the same core: Node has one instance of a CommonJS package, required or imported. */
export function wholeLibrary(): typeof Whole {
  whole ??= require('@tensorflow/tfjs') as typeof Whole;
  return whole;
}

/** Registers the gradients of all operations. Only the whole library has them. */
export function loadGradients(): void {
  wholeLibrary();
}
