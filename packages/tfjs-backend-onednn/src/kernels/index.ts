import type { KernelConfig } from '@tensorflow/tfjs-core';
import { attentionKernels } from './attention.js';
import { classifierStatisticsKernels } from './classifier-statistics.js';
import { dropoutKernels } from './dropout.js';
import { embeddingKernels } from './embedding.js';
import { layerNormKernels } from './layer-norm.js';
import { linearKernels } from './linear.js';

/** Every kernel with native code. */
export const nativeKernels: readonly KernelConfig[] = [
  ...attentionKernels,
  ...classifierStatisticsKernels,
  ...dropoutKernels,
  ...embeddingKernels,
  ...layerNormKernels,
  ...linearKernels,
];
