import { UserError } from '../../errors.js';
import { type OpenFile, readExactly } from '../../text/exact-reads.js';
import { cutShort } from '../safetensors-header.js';
import { shown } from './shown.js';

/** The position of an entry's bytes in the file. */
export interface ZipEntry {
  readonly begin: number;
  readonly size: number;
}

const END = { signature: 0x06054b50, bytes: 22 };
const END64 = { signature: 0x06064b50, bytes: 56 };
const LOCATOR64 = { signature: 0x07064b50, bytes: 20 };
const CENTRAL = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const MAX_COMMENT_BYTES = 0xffff;
const ZIP64_FIELD = 0x0001;
const IN_ZIP64 = 0xffffffff;

/** The uncompressed entries of a zip archive (APPNOTE 6.3, with zip64), by name. */
export class ZipEntries {
  readonly #entries = new Map<string, { readonly header: number; readonly size: number; readonly method: number }>();

  /**
   * Reads the archive's directory.
   * @throws UserError if it is truncated or damaged
   */
  constructor(
    readonly source: OpenFile,
    readonly size: number,
  ) {
    const { begin, length } = this.#directory();
    const directory = this.#read(begin, length);
    for (let at = 0; at + CENTRAL.bytes <= length; ) at = this.#entry(directory, at);
  }

  /** The path of the file, for messages. */
  get path(): string {
    return this.source.path;
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  /** Finds an entry. @throws UserError if it does not exist or is compressed */
  get(name: string): ZipEntry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw this.#damaged(`it lacks ${shown(name)}`);
    if (entry.method !== 0) {
      throw new UserError(`${shown(name)} in ${this.path} is compressed`, 'save the checkpoint again with torch.save');
    }
    const header = this.#read(entry.header, LOCAL.bytes);
    if (header.getUint32(0, true) !== LOCAL.signature) throw this.#damaged(`${shown(name)} has no valid header`);
    const begin = entry.header + LOCAL.bytes + header.getUint16(26, true) + header.getUint16(28, true);
    if (begin + entry.size > this.size) throw this.#damaged(`${shown(name)} does not end within the file`);
    return { begin, size: entry.size };
  }

  /** Finds the directory from the record at the end of the file. */
  #directory(): { begin: number; length: number } {
    const tailBytes = Math.min(this.size, END.bytes + MAX_COMMENT_BYTES);
    const tail = this.#read(this.size - tailBytes, tailBytes);
    let at = tailBytes - END.bytes;
    while (at >= 0 && tail.getUint32(at, true) !== END.signature) at--;
    if (at < 0) throw cutShort(this.path, 'no end-of-archive record');
    const length = tail.getUint32(at + 12, true);
    const begin = tail.getUint32(at + 16, true);
    const end = this.size - tailBytes + at;
    return this.#directory64(end - LOCATOR64.bytes) ?? { begin, length };
  }

  #directory64(locatorAt: number): { begin: number; length: number } | null {
    if (locatorAt < 0) return null;
    const locator = this.#read(locatorAt, LOCATOR64.bytes);
    if (locator.getUint32(0, true) !== LOCATOR64.signature) return null;
    const end = this.#read(Number(locator.getBigUint64(8, true)), END64.bytes);
    if (end.getUint32(0, true) !== END64.signature) throw this.#damaged('its archive has no directory');
    return { length: Number(end.getBigUint64(40, true)), begin: Number(end.getBigUint64(48, true)) };
  }

  /** Reads an entry of the directory. @returns where the next one begins */
  #entry(directory: DataView, at: number): number {
    if (directory.getUint32(at, true) !== CENTRAL.signature) throw this.#damaged('its archive has no valid directory');
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => directory.getUint16(at + field, true));
    const nameAt = at + CENTRAL.bytes;
    const next = nameAt + nameBytes! + extraBytes! + commentBytes!;
    if (next > directory.byteLength) throw this.#damaged('its archive has no valid directory');
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, directory.byteOffset + nameAt, nameBytes!));
    const fields = { size: directory.getUint32(at + 24, true), header: directory.getUint32(at + 42, true) };
    const compressed = directory.getUint32(at + 20, true);
    const extra = new DataView(directory.buffer, directory.byteOffset + nameAt + nameBytes!, extraBytes!);
    const { size, header } = zip64Fields(extra, compressed, fields);
    this.#entries.set(name, { size, header, method: directory.getUint16(at + 10, true) });
    return next;
  }

  #read(begin: number, length: number): DataView {
    if (!(begin >= 0 && length >= 0 && begin + length <= this.size)) throw this.#damaged('its archive is incomplete');
    return new DataView(readExactly(this.source, begin, length).buffer);
  }

  #damaged(what: string): UserError {
    return new UserError(`${this.path} is damaged: ${what}`, this.source.remedy);
  }
}

/** Reads values that do not fit into 32 bits from the zip64 field, in this order: size, compressed size, offset. */
function zip64Fields(extra: DataView, compressed: number, fields: { size: number; header: number }) {
  let { size, header } = fields;
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const [id, length] = [extra.getUint16(at, true), extra.getUint16(at + 2, true)];
    let field = at + 4;
    at = field + length;
    if (id !== ZIP64_FIELD || at > extra.byteLength) continue;
    const next = (): number => {
      if (field + 8 > at) return Number.POSITIVE_INFINITY;
      field += 8;
      return Number(extra.getBigUint64(field - 8, true));
    };
    if (size === IN_ZIP64) size = next();
    if (compressed === IN_ZIP64) next();
    if (header === IN_ZIP64) header = next();
  }
  return { size, header };
}
