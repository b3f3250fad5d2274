import '@tensorflow/tfjs-backend-cpu';
import {
  findBackendFactory,
  getKernelsForBackend,
  type KernelConfig,
  registerBackend,
  registerKernel,
} from '@tensorflow/tfjs-core';
import { addon } from './addon.js';
import { OneDnnBackend } from './backend.js';
import { nativeKernels } from './kernels/index.js';
import { BACKEND_NAME, type NativeKernel } from './kernels/kernel.js';
import { computesInJavaScript, isRecording, timed } from './recorder.js';

export { isAvailable } from './addon.js';
export {
  type AdamScalars,
  accumulate,
  adamStep,
  addTensor,
  collectGradients,
  discard,
  type GradientTarget,
  scale,
  squaredNorm,
} from './arena.js';
export type { OneDnnBackend } from './backend.js';
export { endProfile, type Profile, startProfile } from './profile.js';
export type { KernelProfile } from './recorder.js';
export {
  type PackedTransformer,
  type Precision,
  packTransformer,
  type TransformerSizes,
  type WeightValues,
} from './transformer.js';

export interface OneDnnOptions {
  /** Threads of the native kernels; without it OMP_NUM_THREADS, or every core. */
  readonly threads?: number;
  /** Round the operands of the layers' matrix products to bfloat16; sums and results stay float32. Default false. */
  readonly bfloat16?: boolean;
}

/**
 * Registers the backend 'onednn' with tfjs; `await tf.setBackend('onednn')` makes it the current one. Registering again
 * only sets the number of threads.
 * @throws Error when the native add-on is not built, or for bfloat16 on a processor without it
 */
export function registerOneDnnBackend({ threads, bfloat16 = false }: OneDnnOptions = {}): void {
  if (bfloat16 && !supportsBfloat16()) throw new Error('this processor has no bfloat16 products');
  addon().setBfloat16(bfloat16);
  if (threads !== undefined) setThreads(threads);
  if (findBackendFactory(BACKEND_NAME) != null) return;
  registerBackend(BACKEND_NAME, () => new OneDnnBackend(), 4); // above tfjs-backend-cpu (1) and wasm (2)
  registerKernels();
}

/** Whether this processor has products of bfloat16 (with AVX-512, oneDNN emulates what is missing). */
export function supportsBfloat16(): boolean {
  return addon().canBfloat16();
}

/** The native kernels, and those of the JavaScript backend for everything else. */
function registerKernels(): void {
  const native = new Set(nativeKernels.map(({ kernelName }) => kernelName));
  for (const config of getKernelsForBackend('cpu')) {
    if (!native.has(config.kernelName)) registerKernel(profiled(inJavaScript(config)));
  }
  for (const config of nativeKernels) registerKernel(profiled(config));
}

function inJavaScript({ kernelFunc, ...config }: KernelConfig): KernelConfig {
  return {
    ...config,
    backendName: BACKEND_NAME,
    kernelFunc: (call) => {
      computesInJavaScript();
      return kernelFunc(call);
    },
  };
}

/** The same kernel, timed while a profile runs. */
function profiled({ flops, ...config }: NativeKernel): KernelConfig {
  const { kernelName, kernelFunc } = config;
  return {
    ...config,
    kernelFunc: (call) =>
      isRecording()
        ? timed(
            kernelName,
            () => kernelFunc(call),
            () => flops?.(call) ?? 0,
          )
        : kernelFunc(call),
  };
}

/** The library, the threads and the instruction set that kernels use. */
export function describe(): { oneDnnVersion: string; threads: number; isa: string } {
  return addon().describe();
}

/** Threads of the native kernels; results are the same bits for the same number. */
export function setThreads(threads: number): void {
  if (!Number.isInteger(threads) || threads < 1) throw new Error(`threads must be a whole number ≥ 1, not ${threads}`);
  addon().setThreads(threads);
}
