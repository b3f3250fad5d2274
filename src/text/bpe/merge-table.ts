import { type BpeCodes, END_OF_WORD } from './codes.js';

/** Of a pair that nothing merges. */
export const NO_MERGE = 0x7fffffff;

/** Of a character that no merge has. */
const UNKNOWN = -2;
const FREE = -1;

/** The number of `END_OF_WORD`; those of characters are above it. */
const END_OF_WORD_ID = 0;

/** From here code points have no place in a table. */
const BEYOND = 0x10000;

/** The symbols of BPE codes as numbers, and which pairs of them merge into what. */
export class MergeTable {
  /** An open-addressed hash table of `mask + 1` slots: left, right and rank of each pair; see `findPair`. */
  readonly pairs: Int32Array;
  readonly mask: number;
  /** What each merge makes, by its rank. */
  readonly merged: Int32Array;

  readonly #ids = new Map([[END_OF_WORD, END_OF_WORD_ID]]);
  /** By code point: the symbol of a character within a word, and of one at its end; 0 where it was not looked up yet. */
  readonly #inner = new Int32Array(BEYOND);
  readonly #final = new Int32Array(BEYOND);
  /** Whether the end of a word is a part of its last symbol; else it is one of its own, `END_OF_WORD_ID`. */
  readonly marksLast: boolean;

  /** Of repeated merges the first counts. */
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
   * Puts the symbols of the word `bytes[from, to)`, UTF-8, into `symbols`, the last of them with the end of the word,
   * and into `ends` where the bytes of each end.
   *
   * @param symbols room for one more than there are bytes, as is `ends`
   * @returns how many there are
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

  /** The number of a character as a symbol, never 0; of one that no merge has, below 0. */
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

/** Spreads neighbouring numbers over the table (Knuth's multiplicative hashing). */
const GOLDEN = 0x9e3779b1;

/** Where a table has the pair, or the free place where it would be. */
export function findPair(pairs: Int32Array, mask: number, left: number, right: number): number {
  for (let slot = Math.imul(Math.imul(left, GOLDEN) ^ right, GOLDEN) >>> 7; ; slot += 1) {
    const at = 3 * (slot & mask);
    const held = pairs[at]!;
    if (held === FREE || (held === left && pairs[at + 1] === right)) return at;
  }
}

/** The bytes of the UTF-8 sequence that begins so. */
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
