import type { KernelConfig } from '@tensorflow/tfjs-core';
import { attentionKernels } from './attention.js';
import { matMulKernels } from './batch-matmul.js';
import { binaryKernels } from './binary.js';
import { classifierStatisticsKernels } from './classifier-statistics.js';
import { copyKernels } from './copy.js';
import { dropoutKernels } from './dropout.js';
import { embeddingKernels } from './embedding.js';
import { fillKernels } from './fill.js';
import { gatherKernels } from './gather.js';
import { layerNormKernels } from './layer-norm.js';
import { linearKernels } from './linear.js';
import { reduceKernels } from './reduce.js';
import { selectKernels } from './select.js';
import { softmaxKernels } from './softmax.js';
import { unaryKernels } from './unary.js';

/** All kernels of the device: those of tfjs, and the fused ones that only this backend has. */
export const deviceKernels: readonly KernelConfig[] = [
  ...attentionKernels,
  ...binaryKernels,
  ...classifierStatisticsKernels,
  ...copyKernels,
  ...dropoutKernels,
  ...embeddingKernels,
  ...fillKernels,
  ...gatherKernels,
  ...layerNormKernels,
  ...linearKernels,
  ...matMulKernels,
  ...reduceKernels,
  ...selectKernels,
  ...softmaxKernels,
  ...unaryKernels,
];
