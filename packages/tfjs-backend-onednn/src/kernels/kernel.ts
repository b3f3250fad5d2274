import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { OneDnnBackend } from '../backend.js';
import { getKernel } from '../core.js';
import { computesInJavaScript } from '../recorder.js';

export const BACKEND_NAME = 'onednn';

/** The call of a kernel: inputs and attributes under the names of its docstring. */
export interface KernelCall<Inputs extends string, Attributes> {
  readonly inputs: Readonly<Record<Inputs, TensorInfo>>;
  readonly attrs: Attributes;
  readonly backend: OneDnnBackend;
}

/** A kernel as tfjs registers it, with its floating-point operations for profiles. */
export interface NativeKernel extends KernelConfig {
  readonly flops?: (call: Parameters<KernelFunc>[0]) => number;
}

/** Counts the floating-point operations of a call's matrix products; a multiply-add counts as two. */
type CountFlops<Inputs extends string, Attributes> = (
  inputs: KernelCall<Inputs, Attributes>['inputs'],
  attrs: Attributes,
  backend: OneDnnBackend,
) => number;

/** Defines a kernel of this backend. */
export function kernel<Inputs extends string, Attributes = object>(
  kernelName: string,
  run: (call: KernelCall<Inputs, Attributes>) => TensorInfo | TensorInfo[],
  flops?: CountFlops<Inputs, Attributes>,
): NativeKernel {
  const kernelFunc = disposingOutputs((call) => run(typed<Inputs, Attributes>(call)));
  return { kernelName, backendName: BACKEND_NAME, kernelFunc, ...counting(flops) };
}

function counting<Inputs extends string, Attributes>(
  flops: CountFlops<Inputs, Attributes> | undefined,
): Pick<NativeKernel, 'flops'> {
  if (flops === undefined) return {};
  return {
    flops: (call) => {
      const { inputs, attrs, backend } = typed<Inputs, Attributes>(call);
      return flops(inputs, attrs, backend);
    },
  };
}

/** A call with the types of its kernel, which tfjs does not know. */
function typed<Inputs extends string, Attributes>({
  inputs,
  attrs,
  backend,
}: Parameters<KernelFunc>[0]): KernelCall<Inputs, Attributes> {
  return {
    inputs: inputs as Record<Inputs, TensorInfo>,
    attrs: attrs as Attributes,
    backend: backend as OneDnnBackend,
  };
}

/**
 * Defines a kernel of tfjs with native code for the important cases. `run` returns null for the others, which the
 * JavaScript kernel computes.
 */
export function partialKernel<Inputs extends string, Attributes = object>(
  kernelName: string,
  run: (call: KernelCall<Inputs, Attributes>) => TensorInfo | TensorInfo[] | null,
  flops?: CountFlops<Inputs, Attributes>,
): NativeKernel {
  const kernelFunc: KernelFunc = (call) => run(typed<Inputs, Attributes>(call)) ?? inJavaScript(kernelName, call);
  return { kernelName, backendName: BACKEND_NAME, kernelFunc: disposingOutputs(kernelFunc), ...counting(flops) };
}

function inJavaScript(kernelName: string, call: Parameters<KernelFunc>[0]): TensorInfo | TensorInfo[] {
  const plain: KernelConfig | undefined = getKernel(kernelName, 'cpu');
  if (plain === undefined) throw new Error(`${kernelName} is not computed for these inputs and attributes`);
  computesInJavaScript();
  return plain.kernelFunc(call);
}

/** Disposes the outputs of a kernel that throws: no other code refers to them. */
function disposingOutputs(run: KernelFunc): KernelFunc {
  return (call) => {
    const backend = call.backend as OneDnnBackend;
    backend.startKernel();
    try {
      return run(call);
    } catch (error) {
      backend.abandonKernel();
      throw error;
    }
  };
}

/** Whether the elements are float32 or int32: 4 bytes each. */
export const isWords = ({ dtype }: TensorInfo): boolean => dtype === 'float32' || dtype === 'int32';

export const isFloat = ({ dtype }: TensorInfo): boolean => dtype === 'float32';

/** The number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

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

/** The attributes under the add-on's names. @throws Error for a probability that is not in [0, 1) */
export function dropoutArguments(attrs: DropoutAttributes) {
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
