import type { KernelConfig } from '@tensorflow/tfjs-core';
import { OneDnnBackend } from './backend.js';
import { findBackendFactory, getKernelsForBackend, registerBackend, registerKernel } from './core.js';
import { nativeKernels } from './kernels/index.js';
import { BACKEND_NAME, type NativeKernel } from './kernels/kernel.js';
import { computesInJavaScript, isRecording, timed } from './recorder.js';
import { configure, type OneDnnOptions } from './settings.js';

export {
  type AdamScalars,
  accumulate,
  adamStep,
  addTensor,
  collectGradients,
  type GradientTarget,
  scale,
  squaredNorm,
} from './arena.js';
export type { OneDnnBackend } from './backend.js';
export { endProfile, type Profile, startProfile } from './profile.js';
export type { KernelProfile } from './recorder.js';
export * from './search.js';

/**
 * Registers the backend 'onednn' with tfjs; `await tf.setBackend('onednn')` makes it the current one. Registering again
 * only applies the settings.
 * @throws Error if the native add-on is not built, and like `settingsOf`
 */
export function registerOneDnnBackend(options: OneDnnOptions = {}): void {
  configure(options);
  if (findBackendFactory(BACKEND_NAME) != null) return;
  registerBackend(BACKEND_NAME, () => new OneDnnBackend(), 4); // above tfjs-backend-cpu (1) and wasm (2)
  registerKernels();
}

/** Registers the native kernels, and those of the JavaScript backend for everything else. */
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

/** The same kernel, timed while a profile is recorded. */
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
