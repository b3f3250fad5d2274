import { END_OF_WORD } from './codes.js';
import { PairQueue, type SymbolPair } from './pair-queue.js';
import type { WordCounts } from './word-counts.js';

/**
 * Counts of adjacent symbols, with the words that contain them. A merge updates only the words that contain its pair.
 *
 * subword-nmt sets rare pairs aside and keeps two tables. A pair whose count rises while it is set aside starts again
 * from zero. The choice of merges depends on this, so this class does the same at the same times.
 */
export class PairStatistics {
  readonly #symbolTexts: string[] = [];
  readonly #symbolIds = new Map<string, number>();
  /** The symbols of each distinct word. */
  readonly #words: number[][] = [];
  /** How often each distinct word occurs. */
  readonly #wordCounts: number[] = [];
  /** By left symbol, then by right symbol. */
  readonly #pairs: Map<number, SymbolPair>[] = [];
  readonly #all: SymbolPair[] = [];
  readonly #queue = new PairQueue();

  constructor(counts: WordCounts) {
    for (const [word, count] of counts) this.#addWord(word, count);
    for (const pair of this.#all) pair.asideCount = pair.count!;
    this.#queue.reset(this.#all);
  }

  /** The most frequent pair that is not set aside; among equals, the one with the greatest texts. */
  mostFrequent(): SymbolPair | undefined {
    return this.#queue.top();
  }

  /** Sets pairs with a count below the threshold aside. */
  setAside(threshold: number): void {
    for (const pair of this.#all) {
      if (pair.count === undefined || pair.count >= threshold) continue;
      pair.asideCount = pair.count < 0 ? pair.asideCount + pair.count : pair.count;
      pair.count = undefined;
    }
  }

  /**
   * Sets pairs below the threshold aside, then restores all pairs with the counts that they had when last set aside.
   */
  restore(threshold: number): void {
    this.setAside(threshold);
    for (const pair of this.#all) pair.count = pair.asideCount;
    this.#queue.reset(this.#all);
  }

  /** Merges all occurrences of a pair. */
  merge(pair: SymbolPair): void {
    const occurrences = [...pair.words];
    pair.count = 0;
    pair.words.clear();
    const merged = this.#symbolId(pair.leftText + pair.rightText);
    const raised = new Set<SymbolPair>();
    for (const [index, times] of occurrences) {
      if (times < 1) continue;
      const before = this.#words[index]!;
      const after = mergeSymbols(before, pair, merged);
      this.#words[index] = after;
      this.#lowerNeighbours(before, pair, index);
      this.#raiseNeighbours(after, merged, index, raised);
    }
    pair.count = 0;
    raised.delete(pair);
    for (const neighbour of raised) this.#queue.push(neighbour);
  }

  #addWord(word: string, count: number): void {
    const characters = Array.from(word);
    characters.push(characters.pop()! + END_OF_WORD);
    const symbols = characters.map((text) => this.#symbolId(text));
    const index = this.#words.push(symbols) - 1;
    this.#wordCounts.push(count);
    for (let at = 1; at < symbols.length; at += 1) this.#change(symbols[at - 1]!, symbols[at]!, index, 1);
  }

  /** In A B C, merging B C removes an occurrence of A B; in B C D, one of C D, unless D starts the next B C. */
  #lowerNeighbours(word: readonly number[], { left, right }: SymbolPair, index: number): void {
    for (let at = word.indexOf(left); at >= 0; at = word.indexOf(left, at)) {
      if (word[at + 1] !== right) {
        at += 1;
        continue;
      }
      if (at > 0) this.#change(word[at - 1]!, word[at]!, index, -1);
      if (at + 2 < word.length && (word[at + 2] !== left || word[at + 3] !== right)) {
        this.#change(word[at + 1]!, word[at + 2]!, index, -1);
      }
      at += 2;
    }
  }

  /**
   * Each merged symbol forms a pair with its left neighbour, and with its right neighbour unless that is also merged.
   */
  #raiseNeighbours(word: readonly number[], merged: number, index: number, raised: Set<SymbolPair>): void {
    for (let at = word.indexOf(merged); at >= 0; at = word.indexOf(merged, at + 1)) {
      if (at > 0) raised.add(this.#change(word[at - 1]!, merged, index, 1));
      if (at + 1 < word.length && word[at + 1] !== merged) raised.add(this.#change(merged, word[at + 1]!, index, 1));
    }
  }

  #change(left: number, right: number, index: number, times: 1 | -1): SymbolPair {
    const pair = this.#pair(left, right);
    pair.count = (pair.count ?? 0) + times * this.#wordCounts[index]!;
    pair.words.set(index, (pair.words.get(index) ?? 0) + times);
    return pair;
  }

  #pair(left: number, right: number): SymbolPair {
    let pair = this.#pairs[left]!.get(right);
    if (pair === undefined) {
      const leftText = this.#symbolTexts[left]!;
      const rightText = this.#symbolTexts[right]!;
      pair = { left, right, leftText, rightText, count: 0, asideCount: 0, words: new Map() };
      this.#pairs[left]!.set(right, pair);
      this.#all.push(pair);
    }
    return pair;
  }

  #symbolId(text: string): number {
    let id = this.#symbolIds.get(text);
    if (id === undefined) {
      id = this.#symbolTexts.push(text) - 1;
      this.#symbolIds.set(text, id);
      this.#pairs.push(new Map());
    }
    return id;
  }
}

function mergeSymbols(word: readonly number[], { left, right }: SymbolPair, merged: number): number[] {
  const result: number[] = [];
  for (let at = 0; at < word.length; at += 1) {
    if (word[at] === left && word[at + 1] === right) {
      result.push(merged);
      at += 1;
    } else {
      result.push(word[at]!);
    }
  }
  return result;
}
