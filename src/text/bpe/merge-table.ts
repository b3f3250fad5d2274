import { type BpeCodes, END_OF_WORD } from './codes.js';

/** Of a pair that nothing merges. */
export const NO_MERGE = 0x7fffffff;

/** Spreads neighbouring numbers over the table (Knuth's multiplicative hashing). */
const GOLDEN = 0x9e3779b1;

/** The symbols of BPE codes as numbers, and which pairs of them merge into what. */
export class MergeTable {
  readonly #texts: string[] = [];
  readonly #ids = new Map<string, number>();
  /** By code point: the symbol of a character within a word, and of one at its end; plus 1, as 0 is not known yet. */
  readonly #inner = new Int32Array(0x10000);
  readonly #final = new Int32Array(0x10000);
  /** What each merge makes. */
  readonly #merged: Int32Array;
  /** An open-addressed hash table: left, right and rank of each pair; a left of -1 is free. */
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #marksLast: boolean;

  /** Of repeated merges the first counts. */
  constructor({ merges, version }: BpeCodes) {
    const size = 2 ** Math.ceil(Math.log2(2 * merges.length + 2));
    this.#slots = new Int32Array(3 * size).fill(-1);
    this.#mask = size - 1;
    this.#merged = new Int32Array(merges.length);
    this.#marksLast = version !== '0.1';
    for (let rank = 0; rank < merges.length; rank += 1) {
      const [left, right] = merges[rank]!;
      const leftId = this.#id(left);
      const rightId = this.#id(right);
      const slot = this.#slotOf(leftId, rightId);
      if (this.#slots[slot] !== -1) continue;
      this.#slots[slot] = leftId;
      this.#slots[slot + 1] = rightId;
      this.#slots[slot + 2] = rank;
      this.#merged[rank] = this.#id(left + right);
    }
  }

  /**
   * Puts the symbols of the word `bytes[from, to)`, UTF-8, into `symbols`, the last of them with the end of the word.
   *
   * @param symbols room for one more than there are bytes
   * @returns how many there are
   */
  fill(symbols: Int32Array, bytes: Buffer, from: number, to: number): number {
    let count = 0;
    for (let at = from; at < to; count += 1) {
      const size = sequenceLength(bytes[at]!);
      const isLast = at + size === to;
      const ids = isLast && this.#marksLast ? this.#final : this.#inner;
      const unit = size === 1 ? bytes[at]! : unitOf(bytes, at, size);
      symbols[count] = ids[unit]! - 1;
      if (unit === BEYOND || symbols[count] === -1) {
        symbols[count] = this.#characterId(ids, unit, bytes.toString('utf8', at, at + size));
      }
      at += size;
    }
    if (!this.#marksLast) symbols[count++] = this.#id(END_OF_WORD);
    return count;
  }

  textOf(symbol: number): string {
    return this.#texts[symbol]!;
  }

  /** The text of a word's last symbol, without the mark of the end. */
  finalTextOf(symbol: number): string {
    const text = this.#texts[symbol]!;
    return text.endsWith(END_OF_WORD) ? text.slice(0, -END_OF_WORD.length) : text;
  }

  /** When the pair is merged, from 0, or NO_MERGE. */
  rankOf(left: number, right: number): number {
    const slot = this.#slotOf(left, right);
    return this.#slots[slot] === -1 ? NO_MERGE : this.#slots[slot + 2]!;
  }

  /** The symbol that the merge of this rank makes. */
  mergedBy(rank: number): number {
    return this.#merged[rank]!;
  }

  /** Where the pair is or would be. */
  #slotOf(left: number, right: number): number {
    let index = Math.imul(Math.imul(left, GOLDEN) ^ right, GOLDEN) >>> 7;
    for (;;) {
      index &= this.#mask;
      const slot = 3 * index;
      const held = this.#slots[slot]!;
      if (held === -1 || (held === left && this.#slots[slot + 1] === right)) return slot;
      index += 1;
    }
  }

  #id(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#texts.push(text) - 1;
      this.#ids.set(text, id);
    }
    return id;
  }

  #characterId(ids: Int32Array, unit: number, character: string): number {
    const id = this.#id(ids === this.#final ? character + END_OF_WORD : character);
    if (unit !== BEYOND) ids[unit] = id + 1;
    return id;
  }
}

/** Stands for the characters beyond U+FFFF. */
const BEYOND = 0xffff;

/** The bytes of the UTF-8 sequence that begins so. */
export const sequenceLength = (first: number): number => (first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);

/** The code point of the sequence of `size` bytes, 2 or more, at `at`. */
function unitOf(bytes: Buffer, at: number, size: number): number {
  if (size === 2) return ((bytes[at]! & 0x1f) << 6) | (bytes[at + 1]! & 0x3f);
  if (size === 3) return ((bytes[at]! & 0x0f) << 12) | ((bytes[at + 1]! & 0x3f) << 6) | (bytes[at + 2]! & 0x3f);
  return BEYOND;
}
