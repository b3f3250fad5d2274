import { closeSync, fstatSync, openSync, type Stats } from 'node:fs';
import { InternalError, UserError } from '../errors.js';
import { checkUnchanged, fileIdentity, type OpenFile, readExactly, readInto } from '../text/exact-reads.js';
import {
  cutShort,
  decodeHeader,
  elementBytes,
  encodeHeader,
  LENGTH_BYTES,
  MAX_HEADER_BYTES,
  type NamedTensor,
  REMEDY,
  type SafetensorsHeader,
  type TensorEntry,
  tensorData,
} from './safetensors-header.js';
import { writeWhole } from './whole-file.js';

/** The contents of a safetensors file. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes a safetensors file (github.com/huggingface/safetensors), whole or not at all. Wide types come first, so that
 * every tensor lies aligned.
 * @throws UserError where the disk refuses, InternalError where a shape and its data disagree
 */
export function writeSafetensors(path: string, { tensors, metadata }: Safetensors): void {
  for (const [name, { shape, data }] of tensors) {
    const size = shape.reduce((product, axis) => product * axis, 1);
    if (size !== data.length) {
      throw new InternalError(`tensor ${name} of shape [${shape.join(', ')}] has ${data.length} values`);
    }
  }
  const byWidth = [...tensors].sort(([, a], [, b]) => elementBytes(b.dtype) - elementBytes(a.dtype));
  writeWhole(path, fileChunks(new Map(byWidth), metadata));
}

function* fileChunks(
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata: Safetensors['metadata'],
): Generator<Uint8Array> {
  yield encodeHeader(tensors, metadata);
  for (const { data } of tensors.values()) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Reads a safetensors file.
 * @param wanted which tensors; the others are checked but stay on the disk
 * @throws UserError for a file that is cut short or damaged; what node:fs throws for a missing one
 */
export function readSafetensors(path: string, wanted: (name: string) => boolean = () => true): Safetensors {
  return withOpenFile(path, (source) => {
    const { header, dataStart } = readHeader(source);
    const tensors = new Map<string, NamedTensor>();
    for (const [name, { dtype, shape, begin, end }] of header.entries) {
      if (!wanted(name)) continue;
      const bytes = readExactly(source, dataStart + begin, end - begin);
      tensors.set(name, { dtype, shape, data: tensorData(dtype, bytes.buffer) });
    }
    return { tensors, metadata: header.metadata };
  });
}

/**
 * Opens a checkpoint for as long as `use` runs.
 * @throws UserError where the file was written to meanwhile: what was read may be of two checkpoints
 */
export function withOpenFile<T>(path: string, use: (source: OpenFile, status: Stats) => T): T {
  const file = openSync(path, 'r');
  try {
    const status = fstatSync(file);
    const result = use({ file, path, remedy: REMEDY }, status);
    checkUnchanged(path, fileIdentity(status), fstatSync(file), LOAD_AGAIN);
    return result;
  } finally {
    closeSync(file);
  }
}

/** What to do about a file that was written to. */
export const LOAD_AGAIN = 'load the model again';

/** Where the tensors of a file lie, to be read later. */
export interface StoredTensors {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Safetensors['metadata'];
  /**
   * Reads float32 tensors, each into an array of its size.
   * @throws UserError where the file is another one by now
   */
  read(wanted: readonly { readonly name: string; readonly target: Float32Array }[]): void;
}

/** Reads the header alone. @throws as readSafetensors */
export function openSafetensors(path: string): StoredTensors {
  return withOpenFile(path, (source, status) => {
    const { header, dataStart } = readHeader(source);
    return {
      ...header,
      read(wanted) {
        withOpenFile(path, (again, statusNow) => {
          checkUnchanged(path, fileIdentity(status), statusNow, LOAD_AGAIN);
          for (const { name, target } of wanted) {
            const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
            readInto(again, dataStart + header.entries.get(name)!.begin, bytes);
          }
        });
      },
    };
  });
}

function readHeader(source: OpenFile): { header: SafetensorsHeader; dataStart: number } {
  const { file, path } = source;
  const { size } = fstatSync(file);
  if (size < LENGTH_BYTES) throw cutShort(path, `${size} bytes`);
  const length = new DataView(readExactly(source, 0, LENGTH_BYTES).buffer).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw new UserError(`${path} is not a safetensors file`, 'name a checkpoint that ts-fairseq train wrote');
  }
  if (LENGTH_BYTES + Number(length) > size) {
    throw cutShort(path, `${size} bytes, its header alone should have ${length}`);
  }
  const dataStart = LENGTH_BYTES + Number(length);
  const text = readExactly(source, LENGTH_BYTES, Number(length));
  return { header: decodeHeader(text, size - dataStart, path), dataStart };
}
