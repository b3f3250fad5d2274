import { UserError } from '../../errors.js';
import type { ByteSource } from './byte-source.js';
import { itemsOf, sizeOf } from './construct.js';
import { PythonClass, type PythonValue, type StorageDtype, StorageReference } from './python-values.js';
import { shown } from './shown.js';
import type { ZipEntry } from './zip-entries.js';

/** Finds the bytes of a storage in the file. */
export type LocateStorage = (storage: StorageReference) => ZipEntry;

/** PyTorch's names of the element types. */
export const STORAGE_CLASSES: Readonly<Record<StorageDtype, string>> = {
  F64: 'DoubleStorage',
  F32: 'FloatStorage',
  F16: 'HalfStorage',
  BF16: 'BFloat16Storage',
  I64: 'LongStorage',
  I32: 'IntStorage',
  I16: 'ShortStorage',
  I8: 'CharStorage',
  U8: 'ByteStorage',
  BOOL: 'BoolStorage',
};

const DTYPES: ReadonlyMap<string, StorageDtype> = new Map(
  Object.entries(STORAGE_CLASSES).map(([dtype, name]) => [`torch.${name}`, dtype as StorageDtype]),
);

/**
 * The storage of a persistent id: `('storage', torch.FloatStorage, key, device, size)`, in old files followed by
 * `(key, offset, size)` of a view.
 * @throws UserError if the id is of another kind, or its element type is not supported
 */
export function storageOf(id: PythonValue, source: ByteSource): PythonValue {
  const [kind, type, key, , size, view] = itemsOf(id);
  // Old files also store the source code of modules, which is not needed here.
  if (kind === 'module' && type !== undefined) return type;
  const length = sizeOf(size);
  if (kind !== 'storage' || !(type instanceof PythonClass) || typeof key !== 'string' || length === null) {
    throw source.damaged('a tensor without a storage');
  }
  const dtype = DTYPES.get(type.name);
  if (dtype === undefined) {
    throw new UserError(
      `${source.path} has tensors of the unsupported type ${shown(type.name)}`,
      'convert them to float32 with PyTorch',
    );
  }
  if (view === null || view === undefined) return new StorageReference(dtype, key, 0, length);
  const [, begin, viewLength] = itemsOf(view).map(sizeOf);
  if (begin == null || viewLength == null || begin + viewLength > length)
    throw source.damaged('a view exceeds its storage');
  return new StorageReference(dtype, key, begin, viewLength);
}
