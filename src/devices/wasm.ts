import { openedDevice } from '../ops/opened-device.js';
import { portableArenaKernels } from '../optim/arena-kernels.js';
import * as tf from '../tf/index.js';
import type { DeviceDefinition } from './device.js';
import { loadWasmPackage } from './wasm-package.js';

/** The parts of tfjs's plain JavaScript backend that a borrowed kernel uses. */
interface PlainBackend extends tf.KernelBackend {
  makeTensorInfo(shape: number[], dtype: tf.DataType, values?: tf.BackendValues): tf.TensorInfo;
  disposeIntermediateTensorInfo(info: tf.TensorInfo): void;
  /** Whether the backend has not been used yet. On first use it prints advice to install another backend. */
  firstUse: boolean;
}

interface WasmBackend extends tf.KernelBackend {
  write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object;
}

/**
 * Runs kernels that the wasm backend lacks (scatter-add, expm1 …) in the plain JavaScript backend on copies, so that
 * every operation works on this device too.
 */
function borrowMissingKernels(): void {
  (tf.findBackend('cpu') as PlainBackend).firstUse = false;
  const own = new Set(tf.getKernelsForBackend('wasm').map(({ kernelName }) => kernelName));
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu')) {
    if (own.has(kernelName)) continue;
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs, backend }) =>
        runOnPlainBackend(kernelFunc, inputs as Record<string, tf.TensorInfo>, attrs, backend as WasmBackend),
    });
  }
}

function runOnPlainBackend(
  kernelFunc: tf.KernelFunc,
  inputs: Record<string, tf.TensorInfo>,
  attrs: tf.NamedAttrMap | undefined,
  wasmBackend: WasmBackend,
): tf.TensorInfo | tf.TensorInfo[] {
  const plain = tf.findBackend('cpu') as PlainBackend;
  const copies = Object.entries(inputs).map(([name, info]) => {
    const values = wasmBackend.readSync(info.dataId);
    return [name, plain.makeTensorInfo(info.shape, info.dtype, values)] as const;
  });
  const result = kernelFunc({
    inputs: Object.fromEntries(copies),
    attrs,
    backend: plain,
  } as Parameters<tf.KernelFunc>[0]);
  const outputs = (Array.isArray(result) ? result : [result]).map((output) => {
    const values = plain.readSync(output.dataId);
    const dataId = wasmBackend.write(values, output.shape, output.dtype);
    plain.disposeIntermediateTensorInfo(output);
    return { dataId, shape: output.shape, dtype: output.dtype } as tf.TensorInfo;
  });
  for (const [, copy] of copies) plain.disposeIntermediateTensorInfo(copy);
  return Array.isArray(result) ? outputs : outputs[0]!;
}

let borrowed = false;

/** WebAssembly on one thread. It has no requirements, so it is the fallback if the native add-on is not built. */
export const wasm: DeviceDefinition = {
  name: 'wasm',
  async open() {
    await loadWasmPackage();
    await tf.setBackend('wasm');
    await tf.ready();
    if (!borrowed) borrowMissingKernels();
    borrowed = true;
    const description = { device: 'wasm', threads: 1 };
    return { name: 'wasm', description, arenaKernels: portableArenaKernels, ...openedDevice('wasm') };
  },
};
