import { type BpeCodes, END_OF_WORD } from './codes.js';

/** The rank of a pair without a merge. */
export const NO_MERGE = 0x7fffffff;

/** The symbol of a character that occurs in no merge. */
const UNKNOWN = -2;
const FREE = -1;

/** The symbol of `END_OF_WORD`; characters have greater ones. */
const END_OF_WORD_ID = 0;

/** Code points from here on are not in the tables by code point. */
const BEYOND = 0x10000;

/** The symbols of BPE codes as numbers, and the merges of their pairs. */
export class MergeTable {
  /** An open-addressed hash table of `mask + 1` slots: left, right and rank of each pair; see `findPair`. */
  readonly pairs: Int32Array;
  readonly mask: number;
  /** The resulting symbol of each merge, by rank. */
  readonly merged: Int32Array;

  readonly #ids = new Map([[END_OF_WORD, END_OF_WORD_ID]]);
  /** By code point: the symbols of a character within a word and at its end; 0 if not looked up yet. */
  readonly #inner = new Int32Array(BEYOND);
  readonly #final = new Int32Array(BEYOND);
  /** Whether the end of a word is part of its last symbol. Otherwise it is a separate symbol, `END_OF_WORD_ID`. */
  readonly marksLast: boolean;

  /** If a merge is repeated, the first counts. */
  constructor({ merges, version }: BpeCodes) {
    this.marksLast = version !== '0.1';
    const slots = 2 ** Math.ceil(Math.log2(2 * merges.length + 2));
    const pairs = new Int32Array(3 * slots).fill(FREE);
    const merged = new Int32Array(merges.length);
    for (let rank = 0; rank < merges.length; rank += 1) {
      const merge = merges[rank]!;
      const left = this.#idOf(merge[0]);
      const right = this.#idOf(merge[1]);
      const slot = findPair(pairs, slots - 1, left, right);
      if (pairs[slot] !== FREE) continue;
      pairs[slot] = left;
      pairs[slot + 1] = right;
      pairs[slot + 2] = rank;
      merged[rank] = this.#idOf(merge[0] + merge[1]);
    }
    this.pairs = pairs;
    this.mask = slots - 1;
    this.merged = merged;
  }

  /**
   * Writes the symbols of the UTF-8 word `bytes[from, to)` to `symbols`, the last including the end of the word, and
   * the end of the bytes of each symbol to `ends`.
   *
   * @param symbols with room for one more symbol than bytes, like `ends`
   * @returns the number of symbols
   */
  fill(symbols: Int32Array, ends: Int32Array, bytes: Uint8Array, from: number, to: number): number {
    let count = 0;
    for (let at = from; at < to; count += 1) {
      const size = sequenceLength(bytes[at]!);
      const ids = at + size === to && this.marksLast ? this.#final : this.#inner;
      const character = codePointOf(bytes, at, size);
      const id = character < BEYOND ? ids[character]! : 0;
      symbols[count] = id === 0 ? this.#lookUp(ids, character) : id;
      at += size;
      ends[count] = at;
    }
    if (!this.marksLast) {
      symbols[count] = END_OF_WORD_ID;
      ends[count] = to;
      count += 1;
    }
    return count;
  }

  #idOf(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(text, id);
    }
    return id;
  }

  /** The symbol of a character, never 0; negative if it occurs in no merge. */
  characterId(character: number, final: boolean): number {
    const text = String.fromCodePoint(character);
    return this.#ids.get(final ? text + END_OF_WORD : text) ?? UNKNOWN;
  }

  #lookUp(ids: Int32Array, character: number): number {
    const id = this.characterId(character, ids === this.#final);
    if (character < BEYOND) ids[character] = id;
    return id;
  }
}

/** Factor that spreads consecutive numbers over the table (Knuth's multiplicative hashing). */
const GOLDEN = 0x9e3779b1;

/** The slot of a pair in a table, or the free slot for it. */
export function findPair(pairs: Int32Array, mask: number, left: number, right: number): number {
  for (let slot = Math.imul(Math.imul(left, GOLDEN) ^ right, GOLDEN) >>> 7; ; slot += 1) {
    const at = 3 * (slot & mask);
    const first = pairs[at]!;
    if (first === FREE || (first === left && pairs[at + 1] === right)) return at;
  }
}

/** The length in bytes of a UTF-8 sequence, from its first byte. */
export const sequenceLength = (first: number): number => (first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);

/** The code point of the UTF-8 sequence of `size` bytes at `at`. */
function codePointOf(bytes: Uint8Array, at: number, size: number): number {
  const first = bytes[at]!;
  if (size === 1) return first;
  const tail = bytes[at + 1]! & 0x3f;
  if (size === 2) return ((first & 0x1f) << 6) | tail;
  const longer = (tail << 6) | (bytes[at + 2]! & 0x3f);
  return size === 3
    ? ((first & 0x0f) << 12) | longer
    : ((first & 0x07) << 18) | (longer << 6) | (bytes[at + 3]! & 0x3f);
}
