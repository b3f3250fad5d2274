import { type BpeCodes, END_OF_WORD } from './codes.js';

/** Of a pair that nothing merges. */
export const NO_MERGE = 0x7fffffff;

/** Spreads neighbouring numbers over the table (Knuth's multiplicative hashing). */
const GOLDEN = 0x9e3779b1;

/** The symbols of BPE codes as numbers, and which pairs of them merge into what. */
export class MergeTable {
  readonly #texts: string[] = [];
  readonly #ids = new Map<string, number>();
  /** By UTF-16 unit: the symbol of a character within a word, and of one at its end; plus 1, as 0 is not known yet. */
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
      const slot = this.#slotOf(this.#id(left), this.#id(right));
      if (this.#slots[slot] !== -1) continue;
      this.#slots[slot] = this.#id(left);
      this.#slots[slot + 1] = this.#id(right);
      this.#slots[slot + 2] = rank;
      this.#merged[rank] = this.#id(left + right);
    }
  }

  /**
   * Puts the symbols of a word into `symbols`, the last of them with the end of the word.
   *
   * @param word at least one character
   * @param symbols room for one more than `word.length`
   * @returns how many there are
   */
  fill(symbols: Int32Array, word: string): number {
    let count = 0;
    let at = 0;
    for (;;) {
      const size = word.codePointAt(at)! > 0xffff ? 2 : 1;
      const isLast = at + size === word.length;
      const ids = isLast && this.#marksLast ? this.#final : this.#inner;
      symbols[count] = (size === 1 ? ids[word.charCodeAt(at)]! : 0) - 1;
      if (symbols[count] === -1) symbols[count] = this.#characterId(ids, word.slice(at, at + size));
      count += 1;
      if (isLast) break;
      at += size;
    }
    if (!this.#marksLast) symbols[count++] = this.#id(END_OF_WORD);
    return count;
  }

  textOf(symbol: number): string {
    return this.#texts[symbol]!;
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

  #characterId(ids: Int32Array, character: string): number {
    const id = this.#id(ids === this.#final ? character + END_OF_WORD : character);
    if (character.length === 1) ids[character.charCodeAt(0)] = id + 1;
    return id;
  }
}
