import { type BpeCodes, END_OF_WORD } from './codes.js';

/** Of a pair that nothing merges. */
export const NO_MERGE = 0x7fffffff;

/** Spreads neighbouring numbers over the table (Knuth's multiplicative hashing). */
const GOLDEN = 0x9e3779b1;

/** The symbols of BPE codes as numbers, and which pairs of them merge into what. */
export class MergeTable {
  readonly #texts: string[] = [];
  readonly #ids = new Map<string, number>();
  /** Symbols of a character within a word, and of one at its end. */
  readonly #inner = new Map<string, number>();
  readonly #final = new Map<string, number>();
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

  /** The symbols of a word of at least one character, the last of them with the end of the word. */
  symbolsOf(word: string): number[] {
    const symbols: number[] = [];
    let last = '';
    for (const character of word) {
      if (last !== '') symbols.push(this.#innerId(last));
      last = character;
    }
    if (this.#marksLast) symbols.push(this.#finalId(last));
    else symbols.push(this.#innerId(last), this.#id(END_OF_WORD));
    return symbols;
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

  #innerId(character: string): number {
    let id = this.#inner.get(character);
    if (id === undefined) {
      id = this.#id(character);
      this.#inner.set(character, id);
    }
    return id;
  }

  #finalId(character: string): number {
    let id = this.#final.get(character);
    if (id === undefined) {
      id = this.#id(character + END_OF_WORD);
      this.#final.set(character, id);
    }
    return id;
  }
}
