import { InternalError, UserError } from '../../errors.js';
import { fromBfloat16, fromHalf } from '../half.js';
import type { Dtype, NamedTensor, TensorData } from '../safetensors-header.js';
import { contiguousStrides, type StorageDtype, type TensorReference } from './python-values.js';

type Elements = TensorData;

interface ElementType {
  readonly array: new (buffer: ArrayBuffer) => Elements;
  readonly bytes: number;
  /** The type of the values that are read, and the conversion to it. */
  readonly dtype: Dtype;
  readonly convert?: (elements: Uint16Array) => Float32Array;
}

const ELEMENTS: Readonly<Record<StorageDtype, ElementType>> = {
  F64: { array: Float64Array, bytes: 8, dtype: 'F64' },
  F32: { array: Float32Array, bytes: 4, dtype: 'F32' },
  F16: { array: Uint16Array, bytes: 2, dtype: 'F32', convert: fromHalf },
  BF16: { array: Uint16Array, bytes: 2, dtype: 'F32', convert: fromBfloat16 },
  I64: { array: BigInt64Array, bytes: 8, dtype: 'I64' },
  I32: { array: Int32Array, bytes: 4, dtype: 'I32' },
  I16: { array: Int16Array, bytes: 2, dtype: 'I16' },
  I8: { array: Int8Array, bytes: 1, dtype: 'I8' },
  U8: { array: Uint8Array, bytes: 1, dtype: 'U8' },
  BOOL: { array: Uint8Array, bytes: 1, dtype: 'BOOL' },
};

/** The size of one element of a storage in bytes. */
export const storageElementBytes = (dtype: StorageDtype): number => ELEMENTS[dtype].bytes;

/** The largest size of a view that repeats elements (expand). Checkpoints do not contain larger ones. */
const MAX_REPEATED = 1 << 24;

/**
 * Reads the values of a tensor in row-major order, half precision as float32.
 * @param read reads bytes of the tensor's storage
 * @throws UserError if the tensor exceeds its storage
 */
export function tensorValues(
  tensor: TensorReference,
  read: (begin: number, length: number) => Uint8Array<ArrayBuffer>,
  path: string,
): NamedTensor {
  const { storage, offset, shape, strides, size } = tensor;
  const last = shape.reduce((index, axis, k) => index + Math.max(0, axis - 1) * strides[k]!, offset);
  const repeats = size > storage.length && size > MAX_REPEATED;
  if ((size > 0 && last >= storage.length) || repeats) {
    throw new UserError(
      `${path} is damaged: a tensor [${shape.join(', ')}] has a storage of ${storage.length} values`,
      'use another checkpoint, or save it again',
    );
  }
  const { array, bytes, dtype, convert } = ELEMENTS[storage.dtype];
  const count = size === 0 ? 0 : last - offset + 1;
  const buffer = read((storage.begin + offset) * bytes, count * bytes).buffer;
  const block = new array(buffer);
  const elements = isContiguous(shape, strides) ? block : gather(block, shape, strides, size);
  if (convert === undefined) return { dtype, shape, data: elements };
  if (!(elements instanceof Uint16Array)) throw new InternalError(`${storage.dtype} is not read as 16 bits`);
  return { dtype, shape, data: convert(elements) };
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  const dense = contiguousStrides(shape);
  return shape.every((axis, k) => axis <= 1 || strides[k] === dense[k]);
}

/** The elements of a strided view in row-major order. */
function gather(block: Elements, shape: readonly number[], strides: readonly number[], size: number): Elements {
  const Type = block.constructor as new (length: number) => Elements;
  const elements = new Type(size);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < size; to++) {
    elements[to] = block[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return elements;
}
