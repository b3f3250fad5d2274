import type { TensorData } from '../safetensors-header.js';

/**
 * What a pickle can hold here: plain data, tensors by reference, and inert descriptions of everything else. Nothing of
 * it is ever called.
 */
export type PythonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PythonFloat
  | PythonTuple
  | PythonClass
  | PythonObject
  | StorageReference
  | TensorReference
  | PythonTensor
  | readonly PythonValue[]
  | PythonDict;

/** Python's dict. */
export type PythonDict = ReadonlyMap<PythonValue, PythonValue>;

/** Python's float where JavaScript's number would look like an int: 1.0, 0.0, -0.0. */
export class PythonFloat {
  constructor(readonly value: number) {}
}

/** Python's tuple. */
export class PythonTuple {
  constructor(readonly items: readonly PythonValue[]) {}
}

/** `collections.OrderedDict`. */
export class OrderedDict extends Map<PythonValue, PythonValue> {}

/** A class or function by its name, `argparse.Namespace`: never looked up. */
export class PythonClass {
  constructor(readonly name: string) {}
}

/** An object of a class that means nothing here: what it would have been made of. */
export class PythonObject {
  state: PythonValue = null;
  readonly items: PythonValue[] = [];
  readonly entries = new Map<PythonValue, PythonValue>();

  /** @param made by a call of its class, or by `__new__` alone */
  constructor(
    readonly className: string,
    readonly args: readonly PythonValue[],
    readonly made: 'call' | 'new' = 'call',
  ) {}
}

/** Element types of PyTorch that are read; F16 and BF16 become F32. */
export type StorageDtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** A block of elements that tensors are views of. */
export class StorageReference {
  constructor(
    readonly dtype: StorageDtype,
    readonly key: string,
    /** Elements before it in the block of that key (views of storages, in old files). */
    readonly begin: number,
    readonly length: number,
  ) {}
}

/** A tensor whose values lie in a file: a strided view of a storage. */
export class TensorReference {
  constructor(
    readonly storage: StorageReference,
    readonly offset: number, // elements
    readonly shape: readonly number[],
    readonly strides: readonly number[], // elements
  ) {}

  get size(): number {
    return this.shape.reduce((product, axis) => product * axis, 1);
  }

  /** Whether two are the same view of the same storage: tied weights. */
  sameAs(other: TensorReference): boolean {
    const { key, begin } = this.storage;
    return (
      key === other.storage.key &&
      begin === other.storage.begin &&
      this.offset === other.offset &&
      this.shape.join() === other.shape.join() &&
      this.strides.join() === other.strides.join()
    );
  }

  /** Rows `first` … `first + count − 1` along the first axis; the same storage. */
  rows(first: number, count: number): TensorReference {
    const [stride = 1] = this.strides;
    return new TensorReference(
      this.storage,
      this.offset + first * stride,
      [count, ...this.shape.slice(1)],
      this.strides,
    );
  }

  /** Elements `first` … of a vector, in a shape of their own; the same storage. */
  part(first: number, shape: readonly number[]): TensorReference {
    const [stride = 1] = this.strides;
    return new TensorReference(
      this.storage,
      this.offset + first * stride,
      shape,
      contiguousStrides(shape).map((step) => step * stride),
    );
  }
}

/** A tensor at hand, to be written. */
export class PythonTensor {
  constructor(
    readonly dtype: StorageDtype,
    readonly shape: readonly number[],
    readonly data: TensorData, // [∏ shape], F16 and BF16 as their bits
  ) {}
}

/** Strides of a row-major tensor. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** A number as Python has it: whether it is an int or a float is kept. */
export const pythonFloat = (value: number): PythonValue => (Number.isInteger(value) ? new PythonFloat(value) : value);

/** A number out of an int or a float; null where it is none. */
export function numberOf(value: PythonValue | undefined): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return value instanceof PythonFloat ? value.value : null;
}
