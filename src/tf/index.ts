/**
 * The functions of TensorFlow.js that ts-fairseq calls. The library is loaded at the first call, so that commands that
 * compute nothing, and search in native code, do not wait for it. All modules import TensorFlow.js from here; `lazy.ts`
 * has the variant for programs that import ts-fairseq. To use another function, add a line below.
 */
import type * as Library from '@tensorflow/tfjs-core';
import { InternalError } from '../errors.js';
import { tensorLibrary } from './library.js';

export type {
  BackendValues,
  DataType,
  GradSaveFunc,
  KernelBackend,
  KernelFunc,
  NamedAttrMap,
  NamedTensorMap,
  Rank,
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  TensorContainer,
  TensorInfo,
} from '@tensorflow/tfjs-core';
export { loadGradients } from './library.js';

type Functions = {
  readonly [K in keyof typeof Library as (typeof Library)[K] extends (...args: never[]) => unknown
    ? K
    : never]: (typeof Library)[K];
};

/** A backend that is chosen but not open yet. */
let chosen: { readonly name: string; readonly open: () => Promise<unknown> } | null = null;

/** Makes a backend current without opening it; `ready` calls `open` before the first operation. */
export function chooseBackend(name: string, open: () => Promise<unknown>): void {
  chosen = { name, open };
}

/** Whether operations can be called: every chosen backend is open. */
export const isReady = (): boolean => chosen === null;

/** Opens the chosen backend. Await it before operations on a device that may have been opened for search only. */
export async function ready(): Promise<void> {
  if (chosen !== null) {
    const { open } = chosen;
    chosen = null;
    await open();
  }
  await tensorLibrary().ready();
}

/** The name of the current backend, open or not. */
export const getBackend = (): string => chosen?.name ?? tensorLibrary().getBackend();

/** Makes an open backend current. */
export function setBackend(name: string): Promise<boolean> {
  chosen = null;
  return tensorLibrary().setBackend(name);
}

/** A function of the library, which is loaded at its first call. */
function late<K extends keyof Functions>(name: K): Functions[K] {
  const call = (...args: unknown[]): unknown => {
    if (chosen !== null)
      throw new InternalError(`tf.${name}() before tf.ready(): the backend ${chosen.name} is not open`);
    return (tensorLibrary()[name] as (...args: unknown[]) => unknown)(...args);
  };
  return call as Functions[K];
}

export const add = late('add');
export const addN = late('addN');
export const argMax = late('argMax');
export const cast = late('cast');
export const clone = late('clone');
export const concat = late('concat');
export const cos = late('cos');
export const customGrad = late('customGrad');
export const dispose = late('dispose');
export const div = late('div');
export const engine = late('engine');
export const equal = late('equal');
export const erf = late('erf');
export const exp = late('exp');
export const expandDims = late('expandDims');
export const expm1 = late('expm1');
export const fill = late('fill');
export const findBackend = late('findBackend');
export const findBackendFactory = late('findBackendFactory');
export const gather = late('gather');
export const getKernel = late('getKernel');
export const getKernelsForBackend = late('getKernelsForBackend');
export const greater = late('greater');
export const greaterEqual = late('greaterEqual');
export const keep = late('keep');
export const log = late('log');
export const log1p = late('log1p');
export const logSoftmax = late('logSoftmax');
export const logSumExp = late('logSumExp');
export const matMul = late('matMul');
export const max = late('max');
export const maximum = late('maximum');
export const mean = late('mean');
export const moments = late('moments');
export const mul = late('mul');
export const neg = late('neg');
export const notEqual = late('notEqual');
export const oneHot = late('oneHot');
export const onesLike = late('onesLike');
export const pow = late('pow');
export const range = late('range');
export const registerBackend = late('registerBackend');
export const registerGradient = late('registerGradient');
export const registerKernel = late('registerKernel');
export const relu = late('relu');
export const removeBackend = late('removeBackend');
export const reshape = late('reshape');
export const rsqrt = late('rsqrt');
export const scalar = late('scalar');
export const sigmoid = late('sigmoid');
export const sin = late('sin');
export const slice = late('slice');
export const softmax = late('softmax');
export const split = late('split');
export const sqrt = late('sqrt');
export const square = late('square');
export const stack = late('stack');
export const sub = late('sub');
export const sum = late('sum');
export const tanh = late('tanh');
export const tensor = late('tensor');
export const tensor1d = late('tensor1d');
export const tensor2d = late('tensor2d');
export const tensor4d = late('tensor4d');
export const tidy = late('tidy');
export const topk = late('topk');
export const transpose = late('transpose');
export const where = late('where');
export const zeros = late('zeros');
export const zerosLike = late('zerosLike');
