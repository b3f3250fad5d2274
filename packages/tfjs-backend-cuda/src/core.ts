import { createRequire } from 'node:module';
import type * as Cpu from '@tensorflow/tfjs-backend-cpu';
import type * as Core from '@tensorflow/tfjs-core';

const require = createRequire(import.meta.url);

/**
 * The parts of tfjs that this package uses. They are loaded with `require`, because to `import` a CommonJS file Node
 * searches it for exported names, which takes longer than running it.
 */
export const {
  backend_util,
  broadcast_util,
  findBackendFactory,
  getKernel,
  getKernelsForBackend,
  registerBackend,
  registerKernel,
  slice_util,
  util,
} = require('@tensorflow/tfjs-core') as typeof Core;
export const { MathBackendCPU } = require('@tensorflow/tfjs-backend-cpu') as typeof Cpu;
