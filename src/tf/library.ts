import { createRequire } from 'node:module';
import type * as Whole from '@tensorflow/tfjs';
import type * as Library from '@tensorflow/tfjs-core';

const require = createRequire(import.meta.url);
let library: typeof Library | null = null;
let whole: typeof Whole | null = null;

/**
 * The core of TensorFlow.js with its plain CPU backend, loaded when first asked for. By `require`: to `import` a CommonJS
 * file Node looks for the names it exports, which takes longer than running it.
 */
export function tensorLibrary(): typeof Library {
  if (library === null) {
    library = require('@tensorflow/tfjs-core') as typeof Library;
    require('@tensorflow/tfjs-backend-cpu');
  }
  return library;
}

/** All of TensorFlow.js, on the same core: Node keeps one instance of a CommonJS package, required or imported. */
export function wholeLibrary(): typeof Whole {
  whole ??= require('@tensorflow/tfjs') as typeof Whole;
  return whole;
}

/** Registers the gradients of all operations, which only the whole library brings. */
export function loadGradients(): void {
  wholeLibrary();
}
