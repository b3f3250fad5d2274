import { UserError } from '../../errors.js';
import { type OpenFile, readExactly } from '../../text/exact-reads.js';
import { withOpenFile } from '../safetensors.js';
import { cutShort, type NamedTensor } from '../safetensors-header.js';
import { ByteSource } from './byte-source.js';
import { LEGACY_MAGIC_BYTE, readLegacy } from './legacy-format.js';
import type { PythonValue, TensorReference } from './python-values.js';
import { shown } from './shown.js';
import { type LocateStorage, storageOf } from './storages.js';
import { tensorValues } from './tensor-values.js';
import { unpickle } from './unpickler.js';
import { ZipEntries, type ZipEntry } from './zip-entries.js';

/** `PK\3\4`, the first bytes of a zip archive. */
const ZIP_MAGIC = 0x04034b50;

/** A file of `torch.save`: the object and access to its tensors. */
export interface TorchFile {
  readonly root: PythonValue;
  /** Reads one tensor from the disk. @throws UserError if the file is damaged */
  read(tensor: TensorReference): NamedTensor;
}

/**
 * Opens a file of `torch.save` while `use` runs, in the zip format or the format before PyTorch 1.6. Executes nothing
 * in it; tensors are read on demand.
 * @throws UserError if it is not such a file, is truncated or damaged; the error of node:fs if it does not exist
 */
export function withTorchFile<T>(path: string, use: (file: TorchFile) => T): T {
  return withOpenFile(path, (source, { size }) => {
    const { root, locate } = openFormat(source, size);
    return use({ root, read: (tensor) => tensorValues(tensor, readStorage(source, locate(tensor.storage)), path) });
  });
}

function readStorage(source: OpenFile, { begin, size }: ZipEntry) {
  return (offset: number, length: number): Uint8Array<ArrayBuffer> => {
    if (offset + length > size) throw cutShort(source.path, `${size} of ${offset + length} bytes of a tensor`);
    return readExactly(source, begin + offset, length);
  };
}

function openFormat(source: OpenFile, size: number): { root: PythonValue; locate: LocateStorage } {
  const { path } = source;
  if (size < 4) throw cutShort(path, `${size} bytes`);
  const magic = new DataView(readExactly(source, 0, 4).buffer);
  if (magic.getUint32(0, true) === ZIP_MAGIC) return readZip(source, size);
  if (magic.getUint8(0) === LEGACY_MAGIC_BYTE) return readLegacy(new ByteSource(source, 0, size));
  throw new UserError(`${path} was not written by torch.save`, 'use a checkpoint that fairseq wrote');
}

const PICKLE = '/data.pkl';

function readZip(source: OpenFile, size: number): { root: PythonValue; locate: LocateStorage } {
  const { path } = source;
  const entries = new ZipEntries(source, size);
  const names = new Set(entries.names());
  const pickle = entries.names().find((name) => name.endsWith(PICKLE));
  if (pickle === undefined) {
    throw new UserError(
      `${path} is a zip archive, but was not written by torch.save`,
      'use a checkpoint that fairseq wrote',
    );
  }
  const folder = pickle.slice(0, -PICKLE.length);
  if (names.has(`${folder}/byteorder`)) checkByteOrder(readText(source, entries.get(`${folder}/byteorder`)), path);
  const { begin, size: length } = entries.get(pickle);
  const bytes = new ByteSource(source, begin, begin + length);
  const root = unpickle(bytes, (id) => storageOf(id, bytes));
  return { root, locate: ({ key }) => entries.get(`${folder}/data/${key}`) };
}

function checkByteOrder(order: string, path: string): void {
  if (order === 'little') return;
  throw new UserError(
    `${path} was written on a ${shown(order)}-endian machine`,
    'save it again on a little-endian one',
  );
}

const readText = (source: OpenFile, { begin, size }: ZipEntry): string =>
  new TextDecoder().decode(readExactly(source, begin, Math.min(size, 16)));
