import type { ByteSource } from './byte-source.js';
import {
  numberOf,
  OrderedDict,
  PythonClass,
  PythonObject,
  PythonTuple,
  type PythonValue,
  pythonFloat,
  StorageReference,
  TensorReference,
} from './python-values.js';

type Constructor = (args: readonly PythonValue[], source: ByteSource) => PythonValue;

/** Pure replacements for a few constructors of PyTorch, NumPy and Python. */
const CONSTRUCTORS: Readonly<Record<string, Constructor>> = {
  'collections.OrderedDict': ([pairs], source) => {
    const dict = new OrderedDict();
    for (const pair of itemsOf(pairs)) {
      const [key, value] = itemsOf(pair);
      if (key === undefined || value === undefined) throw source.damaged('an OrderedDict without valid pairs');
      dict.set(key, value);
    }
    return dict;
  },
  'torch._utils._rebuild_tensor': rebuildTensor,
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_parameter': firstArgument,
  'torch._utils._rebuild_parameter_with_state': firstArgument,
  'torch._tensor._rebuild_from_type_v2': ([callable, , args], source) => {
    if (!(callable instanceof PythonClass)) throw source.damaged('a tensor without a class');
    return construct(callable.name, itemsOf(args), source);
  },
  'torch.Size': ([items]) => new PythonTuple(itemsOf(items)),
  // Bytes: pickle protocol 2 has no opcode for them.
  '_codecs.encode': ([text]) => Uint8Array.from(typeof text === 'string' ? text : '', (unit) => unit.charCodeAt(0)),
  'numpy.core.multiarray.scalar': numpyScalar,
  'numpy._core.multiarray.scalar': numpyScalar,
};

/**
 * The value of `className(*args)`: a tensor, plain data, or an inert description of the object.
 * @throws UserError if the arguments of a known class are not valid
 */
export function construct(
  className: string,
  args: readonly PythonValue[],
  source: ByteSource,
  made: PythonObject['made'] = 'call',
): PythonValue {
  const make = Object.hasOwn(CONSTRUCTORS, className) ? CONSTRUCTORS[className]! : null;
  return make === null ? new PythonObject(className, args, made) : make(args, source);
}

function firstArgument([value]: readonly PythonValue[], source: ByteSource): PythonValue {
  if (value === undefined) throw source.damaged('a parameter without a tensor');
  return value;
}

function rebuildTensor([storage, offset, shape, strides]: readonly PythonValue[], source: ByteSource): TensorReference {
  const sizes = itemsOf(shape);
  const steps = itemsOf(strides);
  const areTuples = [shape, strides].every((list) => list instanceof PythonTuple || Array.isArray(list));
  const valid = [offset, ...sizes, ...steps].every((value) => Number.isSafeInteger(value) && (value as number) >= 0);
  if (!(storage instanceof StorageReference) || !areTuples || !valid || sizes.length !== steps.length) {
    throw source.damaged('a tensor without a valid shape');
  }
  return new TensorReference(storage, offset as number, sizes as number[], steps as number[]);
}

/** Converts a NumPy scalar to a number, or to an inert description if its type is unknown. */
function numpyScalar(args: readonly PythonValue[]): PythonValue {
  const [dtype, bytes] = args;
  const [name] = dtype instanceof PythonObject ? dtype.args : [];
  const read = typeof name === 'string' && Object.hasOwn(NUMPY_SCALARS, name) ? NUMPY_SCALARS[name]! : null;
  if (read === null || !(bytes instanceof Uint8Array) || bytes.length !== read.bytes) {
    return new PythonObject('numpy.core.multiarray.scalar', args);
  }
  return read.value(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
}

const integer = (value: bigint): PythonValue => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

const NUMPY_SCALARS: Readonly<Record<string, { bytes: number; value: (view: DataView) => PythonValue }>> = {
  f8: { bytes: 8, value: (view) => pythonFloat(view.getFloat64(0, true)) },
  f4: { bytes: 4, value: (view) => pythonFloat(view.getFloat32(0, true)) },
  i8: { bytes: 8, value: (view) => integer(view.getBigInt64(0, true)) },
  u8: { bytes: 8, value: (view) => integer(view.getBigUint64(0, true)) },
  i4: { bytes: 4, value: (view) => view.getInt32(0, true) },
  u4: { bytes: 4, value: (view) => view.getUint32(0, true) },
  i2: { bytes: 2, value: (view) => view.getInt16(0, true) },
  u2: { bytes: 2, value: (view) => view.getUint16(0, true) },
  i1: { bytes: 1, value: (view) => view.getInt8(0) },
  u1: { bytes: 1, value: (view) => view.getUint8(0) },
  b1: { bytes: 1, value: (view) => view.getUint8(0) !== 0 },
};

/** The items of a list or a tuple; empty for any other value. */
export function itemsOf(value: PythonValue | undefined): readonly PythonValue[] {
  if (value instanceof PythonTuple) return value.items;
  return Array.isArray(value) ? (value as readonly PythonValue[]) : [];
}

/** A non-negative integer; null for any other value. */
export function sizeOf(value: PythonValue | undefined): number | null {
  const number = numberOf(value);
  return number !== null && Number.isSafeInteger(number) && number >= 0 ? number : null;
}
