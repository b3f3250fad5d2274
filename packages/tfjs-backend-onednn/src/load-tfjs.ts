import { createRequire } from 'node:module';
import type * as Cpu from '@tensorflow/tfjs-backend-cpu';
import type * as Core from '@tensorflow/tfjs-core';

const require = createRequire(import.meta.url);

/**
 * Loads tfjs's core and its JavaScript backend with `require`, because to `import` a CommonJS file Node searches it for
 * exported names, which takes longer than running it.
 */
export function loadTfjs(): { readonly core: typeof Core; readonly cpu: typeof Cpu } {
  return { core: require('@tensorflow/tfjs-core'), cpu: require('@tensorflow/tfjs-backend-cpu') };
}
