import { UserError } from '../../errors.js';
import type { ByteSource } from './byte-source.js';
import { itemsOf } from './construct.js';
import { type PythonValue, StorageReference } from './python-values.js';
import { shown } from './shown.js';
import { type LocateStorage, storageOf } from './storages.js';
import { storageElementBytes } from './tensor-values.js';
import { unpickle } from './unpickler.js';
import type { ZipEntry } from './zip-entries.js';

/** The first byte of a pickle of protocol 2 or higher. */
export const LEGACY_MAGIC_BYTE = 0x80;

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;

/**
 * Reads the format before PyTorch 1.6: pickles of a magic number, the version, the machine, the object and the
 * storages' keys, then for each storage its length (int64) and its elements.
 * @throws UserError if the file has another format, is truncated or damaged
 */
export function readLegacy(source: ByteSource): { root: PythonValue; locate: LocateStorage } {
  const storages = new Map<string, StorageReference>();
  const persistent = (id: PythonValue): PythonValue => {
    const storage = storageOf(id, source);
    if (storage instanceof StorageReference) storages.set(storage.key, storage);
    return storage;
  };
  const next = (): PythonValue => unpickle(source, persistent);
  if (next() !== MAGIC || next() !== VERSION) {
    throw new UserError(
      `${source.path} is a pickle, but was not written by torch.save`,
      'use a checkpoint that fairseq wrote',
    );
  }
  const machine = next();
  if (machine instanceof Map && machine.get('little_endian') === false) {
    throw new UserError(`${source.path} was written on a big-endian machine`, 'save it again on a little-endian one');
  }
  const root = next();
  const blocks = storageBlocks(source, itemsOf(next()), storages);
  return {
    root,
    locate: ({ key }) => {
      const block = blocks.get(key);
      if (block === undefined) throw source.damaged(`it lacks the storage ${shown(key)}`);
      return block;
    },
  };
}

function storageBlocks(
  source: ByteSource,
  keys: readonly PythonValue[],
  storages: ReadonlyMap<string, StorageReference>,
): Map<string, ZipEntry> {
  const blocks = new Map<string, ZipEntry>();
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined) throw source.damaged(`the storage '${shown(String(key))}' belongs to no tensor`);
    const size = source.length64() * storageElementBytes(storage.dtype);
    blocks.set(storage.key, { begin: source.position, size });
    source.skip(size);
  }
  return blocks;
}
