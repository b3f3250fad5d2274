import { attentionKernels } from './attention.js';
import { matMulKernels } from './batch-matmul.js';
import { binaryKernels } from './binary.js';
import { classifierStatisticsKernels } from './classifier-statistics.js';
import { copyKernels } from './copy.js';
import { dropoutKernels } from './dropout.js';
import { embeddingKernels } from './embedding.js';
import { gatherKernels } from './gather.js';
import type { NativeKernel } from './kernel.js';
import { layerNormKernels } from './layer-norm.js';
import { linearKernels } from './linear.js';
import { softmaxKernels } from './softmax.js';
import { sumKernels } from './sum.js';
import { topKKernels } from './top-k.js';
import { transposeKernels } from './transpose.js';

/** All kernels with native code: those of tfjs, and the fused ones that only this backend has. */
export const nativeKernels: readonly NativeKernel[] = [
  ...attentionKernels,
  ...binaryKernels,
  ...classifierStatisticsKernels,
  ...copyKernels,
  ...dropoutKernels,
  ...embeddingKernels,
  ...gatherKernels,
  ...layerNormKernels,
  ...linearKernels,
  ...matMulKernels,
  ...softmaxKernels,
  ...sumKernels,
  ...topKKernels,
  ...transposeKernels,
];
