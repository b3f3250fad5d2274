import type { KernelConfig } from '@tensorflow/tfjs-core';
import { binaryKernels } from './binary.js';
import { copyKernels } from './copy.js';
import { fillKernels } from './fill.js';
import { gatherKernels } from './gather.js';
import { reduceKernels } from './reduce.js';
import { selectKernels } from './select.js';
import { softmaxKernels } from './softmax.js';
import { unaryKernels } from './unary.js';

/** All kernels of the device: those of tfjs, and the fused ones that only this backend has. */
export const deviceKernels: readonly KernelConfig[] = [
  ...binaryKernels,
  ...copyKernels,
  ...fillKernels,
  ...gatherKernels,
  ...reduceKernels,
  ...selectKernels,
  ...softmaxKernels,
  ...unaryKernels,
];
