import { createRequire } from 'node:module';
import type * as Library from '@tensorflow/tfjs-core';

const require = createRequire(import.meta.url);
let library: typeof Library | null = null;

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

/** Registers the gradients of all operations, which only the whole of TensorFlow.js brings; on the same core. */
export function loadGradients(): void {
  require('@tensorflow/tfjs');
}
