import type { TensorData } from '../safetensors-header.js';

/**
 * A value in a pickle: plain data, a tensor by reference, or an inert description of anything else. None is ever
 * called.
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

/** A Python float with an integer value (1.0, 0.0, −0.0), which a JavaScript number cannot distinguish from an int. */
export class PythonFloat {
  constructor(readonly value: number) {}
}

/** Python's tuple. */
export class PythonTuple {
  constructor(readonly items: readonly PythonValue[]) {}
}

/** `collections.OrderedDict`. */
export class OrderedDict extends Map<PythonValue, PythonValue> {}

/** The name of a class or function, e.g. `argparse.Namespace`. It is never looked up. */
export class PythonClass {
  constructor(readonly name: string) {}
}

/** An inert description of an object: its class, constructor arguments, state and items. */
export class PythonObject {
  state: PythonValue = null;
  readonly items: PythonValue[] = [];
  readonly entries = new Map<PythonValue, PythonValue>();

  /** @param made whether its class was called, or only `__new__` */
  constructor(
    readonly className: string,
    readonly args: readonly PythonValue[],
    readonly made: 'call' | 'new' = 'call',
  ) {}
}

/** PyTorch's element types. F16 and BF16 are read as F32. */
export type StorageDtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** A storage: the block of elements that tensors are views of. */
export class StorageReference {
  constructor(
    readonly dtype: StorageDtype,
    readonly key: string,
    /** The number of elements before it in the block of that key (for views of storages in old files). */
    readonly begin: number,
    readonly length: number,
  ) {}
}

/** A tensor in a file: a strided view of a storage. */
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

  /** Whether two tensors are the same view of the same storage, as tied weights are. */
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

  /** Elements of a vector, starting at `first`, with another shape; the same storage. */
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

/** A tensor in memory, to be written. */
export class PythonTensor {
  constructor(
    readonly dtype: StorageDtype,
    readonly shape: readonly number[],
    readonly data: TensorData, // [∏ shape]; F16 and BF16 as bits
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

/** A Python float: wrapped if its value is an integer. */
export const pythonFloat = (value: number): PythonValue => (Number.isInteger(value) ? new PythonFloat(value) : value);

/** The number in an int or a float; null for any other value. */
export function numberOf(value: PythonValue | undefined): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return value instanceof PythonFloat ? value.value : null;
}
