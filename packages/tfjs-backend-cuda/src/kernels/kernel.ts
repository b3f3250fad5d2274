import type { BackendValues, DataType, KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import { getKernel } from '../core.js';
import type { Dropout } from '../host/dropout.js';
import type { Address, Storage } from '../host/host-device.js';
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
  const kernelFunc = tidied((call) => run(typed<Inputs, Attributes>(call)));
  return { kernelName, backendName: BACKEND_NAME, kernelFunc };
}

/** Defines a kernel of tfjs for the important cases. `run` returns null for the others, which the host computes. */
export function partialKernel<Inputs extends string, Attributes = object>(
  kernelName: string,
  run: (call: KernelCall<Inputs, Attributes>) => Outputs | null,
): KernelConfig {
  const kernelFunc: KernelFunc = (call) => run(typed<Inputs, Attributes>(call)) ?? onHost(kernelName, call);
  return { kernelName, backendName: BACKEND_NAME, kernelFunc: tidied(kernelFunc) };
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

/** Gives back what a kernel was lent, and disposes the outputs of one that throws: no other code refers to them. */
function tidied(run: KernelFunc): KernelFunc {
  return (call) => {
    const backend = call.backend as CudaBackend;
    backend.startKernel();
    try {
      return run(call);
    } catch (error) {
      backend.abandonKernel();
      throw error;
    } finally {
      backend.endKernel();
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

/** The dropout attributes of a fused kernel. */
export interface DropoutAttributes {
  readonly dropoutProbability: number;
  readonly dropoutSeed: number;
  readonly dropoutUpdate: number;
  readonly dropoutMicroBatch: number;
  readonly dropoutSite: number;
}

/** An attribute of gradient kernels: the ids of the inputs whose gradients may be collected, by input name. */
export interface GradientAttributes {
  readonly collected?: Readonly<Partial<Record<string, number>>>;
}

/** The attributes under the names of host sides. @throws Error for a probability that is not in [0, 1) */
export function dropoutArguments(attrs: DropoutAttributes): Dropout {
  const { dropoutProbability: probability, dropoutSeed: seed, dropoutUpdate: update } = attrs;
  // Elements that are kept are divided by 1 − probability.
  if (!(probability >= 0 && probability < 1))
    throw new Error(`dropoutProbability must be in [0, 1), not ${probability}`);
  return { probability, seed, update, microBatch: attrs.dropoutMicroBatch, site: attrs.dropoutSite };
}

/** The shape of a tensor as a table over its last axis. */
export function tableShape({ shape }: TensorInfo): { rows: number; columns: number } {
  const columns = shape[shape.length - 1] ?? 1;
  return { rows: sizeOf(shape.slice(0, -1)), columns };
}

/** The addresses of tensors as float32, by name. */
export function floats<Name extends string>(
  backend: CudaBackend,
  tensors: Readonly<Record<Name, TensorInfo>>,
): Record<Name, Address> {
  return addresses(backend, tensors, 'float32');
}

/** The addresses of int32 or bool tensors as int32, by name. */
export function integers<Name extends string>(
  backend: CudaBackend,
  tensors: Readonly<Record<Name, TensorInfo>>,
): Record<Name, Address> {
  return addresses(backend, tensors, 'int32');
}

/** Creates a tensor that a product writes, or the next one reads: it is stored in the precision of products. */
export const multiplying = (backend: CudaBackend, shape: readonly number[]): TensorInfo =>
  backend.output(shape, 'float32', backend.precision);

/** The addresses of what products multiply, in their precision, by name. */
export function multiplied<Name extends string>(
  backend: CudaBackend,
  tensors: Readonly<Record<Name, TensorInfo>>,
): Record<Name, Address> {
  return backend.precision === 'float32'
    ? floats(backend, tensors)
    : byName(tensors, (tensor) => backend.bfloat16Address(tensor));
}

/**
 * How tensors are stored that a kernel takes in one storage only, and their addresses: as bfloat16 if all are and products
 * are bfloat16, else as float32.
 */
export function commonStorage<Name extends string>(
  backend: CudaBackend,
  tensors: Readonly<Record<Name, TensorInfo>>,
): { readonly storage: Storage; readonly addresses: Record<Name, Address> } {
  const all: readonly TensorInfo[] = Object.values(tensors);
  const areRounded = backend.precision === 'bfloat16' && all.every((x) => backend.storageOf(x) === 'bfloat16');
  return areRounded
    ? { storage: 'bfloat16', addresses: byName(tensors, (tensor) => backend.storedAddress(tensor)) }
    : { storage: 'float32', addresses: floats(backend, tensors) };
}

function byName<Name extends string>(
  tensors: Readonly<Record<Name, TensorInfo>>,
  addressOf: (tensor: TensorInfo) => Address,
): Record<Name, Address> {
  const result: Partial<Record<Name, Address>> = {};
  for (const name in tensors) result[name] = addressOf(tensors[name]);
  return result as Record<Name, Address>;
}

function addresses<Name extends string>(
  backend: CudaBackend,
  tensors: Readonly<Record<Name, TensorInfo>>,
  dtype: DataType,
): Record<Name, Address> {
  return byName(tensors, (tensor) => backend.address({ ...tensor, dtype }));
}

/** The values of an int32 or bool tensor. If only the device has them, waits for it. */
export const integersOnHost = (backend: CudaBackend, tensor: TensorInfo): Int32Array =>
  asIntegers(backend.hostValues(tensor) ?? backend.readSync(tensor.dataId));

/** The same, or null if only the device has them. */
export function knownIntegers(backend: CudaBackend, tensor: TensorInfo): Int32Array | null {
  const values = backend.hostValues(tensor);
  return values === null ? null : asIntegers(values);
}

const asIntegers = (values: BackendValues): Int32Array =>
  values instanceof Int32Array ? values : Int32Array.from(values as Uint8Array);

const THREADS = 256;
const MOST_BLOCKS = 4096;

/** The launch of a kernel whose threads take elements in turn. */
export const elementwise = (size: number): LaunchShape => ({
  grid: Math.min(MOST_BLOCKS, Math.ceil(size / THREADS)),
  block: THREADS,
});
