import type { KernelConfig } from '@tensorflow/tfjs-core';

/** All kernels of the device: those of tfjs, and the fused ones that only this backend has. */
export const deviceKernels: readonly KernelConfig[] = [];
