import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import { getKernel } from '../core.js';
import type { LaunchShape } from '../launch.js';
import { isDeviceType } from '../tensor-data.js';

export const BACKEND_NAME = 'cuda';

/** The call of a kernel: inputs and attributes under the names of its docstring. */
export interface KernelCall<Inputs extends string, Attributes> {
  readonly inputs: Readonly<Record<Inputs, TensorInfo>>;
  readonly attrs: Attributes;
  readonly backend: CudaBackend;
}

type Outputs = TensorInfo | TensorInfo[];

/** A call with the types of its kernel, which tfjs does not know. */
function typed<Inputs extends string, Attributes>(call: Parameters<KernelFunc>[0]): KernelCall<Inputs, Attributes> {
  return {
    inputs: call.inputs as Record<Inputs, TensorInfo>,
    attrs: call.attrs as Attributes,
    backend: call.backend as CudaBackend,
  };
}

/** Defines a kernel of this backend. */
export function kernel<Inputs extends string, Attributes = object>(
  kernelName: string,
  run: (call: KernelCall<Inputs, Attributes>) => Outputs,
): KernelConfig {
  const kernelFunc = disposingOutputs((call) => run(typed<Inputs, Attributes>(call)));
  return { kernelName, backendName: BACKEND_NAME, kernelFunc };
}

/** Defines a kernel of tfjs for the important cases. `run` returns null for the others, which the host computes. */
export function partialKernel<Inputs extends string, Attributes = object>(
  kernelName: string,
  run: (call: KernelCall<Inputs, Attributes>) => Outputs | null,
): KernelConfig {
  const kernelFunc: KernelFunc = (call) => run(typed<Inputs, Attributes>(call)) ?? onHost(kernelName, call);
  return { kernelName, backendName: BACKEND_NAME, kernelFunc: disposingOutputs(kernelFunc) };
}

/** The same kernel of tfjs-backend-cpu on this backend's tensors. */
export function borrowed({ kernelFunc, ...config }: KernelConfig): KernelConfig {
  return {
    ...config,
    backendName: BACKEND_NAME,
    kernelFunc: (call) => {
      (call.backend as CudaBackend).borrows(config.kernelName);
      return kernelFunc(call);
    },
  };
}

function onHost(kernelName: string, call: Parameters<KernelFunc>[0]): Outputs {
  const plain: KernelConfig | undefined = getKernel(kernelName, 'cpu');
  if (plain === undefined) throw new Error(`${kernelName} is not computed for these inputs and attributes`);
  (call.backend as CudaBackend).borrows(kernelName);
  return plain.kernelFunc(call);
}

/** Disposes the outputs of a kernel that throws: no other code refers to them. */
function disposingOutputs(run: KernelFunc): KernelFunc {
  return (call) => {
    const backend = call.backend as CudaBackend;
    backend.startKernel();
    try {
      return run(call);
    } catch (error) {
      backend.abandonKernel();
      throw error;
    }
  };
}

export const isFloat = ({ dtype }: TensorInfo): boolean => dtype === 'float32';

/** Whether kernels of the device know the type of the tensor. */
export const isOnDevice = ({ dtype }: TensorInfo): boolean => isDeviceType(dtype);

/** The number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Kernels index elements with 32 bits. */
export const fitsIndex = (size: number): boolean => size < 2 ** 31;

const THREADS = 256;
const MOST_BLOCKS = 4096;

/** The launch of a kernel whose threads take elements in turn. */
export const elementwise = (size: number): LaunchShape => ({
  grid: Math.min(MOST_BLOCKS, Math.ceil(size / THREADS)),
  block: THREADS,
});
