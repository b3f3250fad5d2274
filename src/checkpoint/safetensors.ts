import { closeSync, fstatSync, openSync } from 'node:fs';
import { InternalError, UserError } from '../errors.js';
import { checkUnchanged, fileIdentity, readExactly, readInto } from './file-bytes.js';
import {
  cutShort,
  decodeHeader,
  elementBytes,
  encodeHeader,
  LENGTH_BYTES,
  MAX_HEADER_BYTES,
  type NamedTensor,
  type SafetensorsHeader,
  type TensorEntry,
  tensorData,
} from './safetensors-header.js';
import { writeWhole } from './whole-file.js';

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
  const file = openSync(path, 'r');
  try {
    const { header, dataStart } = readHeader(file, path);
    const tensors = new Map<string, NamedTensor>();
    for (const [name, { dtype, shape, begin, end }] of header.entries) {
      if (!wanted(name)) continue;
      const bytes = readExactly(file, dataStart + begin, end - begin, path);
      tensors.set(name, { dtype, shape, data: tensorData(dtype, bytes.buffer) });
    }
    return { tensors, metadata: header.metadata };
  } finally {
    closeSync(file);
  }
}

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
  const file = openSync(path, 'r');
  try {
    const { header, dataStart } = readHeader(file, path);
    const identity = fileIdentity(fstatSync(file));
    return {
      ...header,
      read(wanted) {
        const again = openSync(path, 'r');
        try {
          checkUnchanged(path, identity, fstatSync(again));
          for (const { name, target } of wanted) {
            readInto(
              again,
              dataStart + header.entries.get(name)!.begin,
              new Uint8Array(target.buffer, target.byteOffset, target.byteLength),
              path,
            );
          }
        } finally {
          closeSync(again);
        }
      },
    };
  } finally {
    closeSync(file);
  }
}

function readHeader(file: number, path: string): { header: SafetensorsHeader; dataStart: number } {
  const size = fstatSync(file).size;
  if (size < LENGTH_BYTES) throw cutShort(path, `${size} bytes`);
  const length = new DataView(readExactly(file, 0, LENGTH_BYTES, path).buffer).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw new UserError(`${path} is no safetensors file`, 'name a checkpoint that ts-fairseq train wrote');
  }
  if (LENGTH_BYTES + Number(length) > size) {
    throw cutShort(path, `${size} bytes, its header alone should have ${length}`);
  }
  const dataStart = LENGTH_BYTES + Number(length);
  const text = readExactly(file, LENGTH_BYTES, Number(length), path);
  return { header: decodeHeader(text, size - dataStart, path), dataStart };
}
