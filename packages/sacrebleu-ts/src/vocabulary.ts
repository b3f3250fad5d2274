/** With more words than this, the vocabulary is cleared before the next segment. */
const MAX_WORDS = 65536;

/** Maps words to numbers; within a segment the same word has the same number. */
export class Vocabulary {
  readonly #ids = new Map<string, number>();

  /** Limits the size of the vocabulary. Earlier numbers are invalid afterwards. */
  startSegment(): void {
    if (this.#ids.size > MAX_WORDS) this.#ids.clear();
  }

  ids(words: readonly string[]): number[] {
    return words.map((word) => {
      const known = this.#ids.get(word);
      if (known !== undefined) return known;
      this.#ids.set(word, this.#ids.size);
      return this.#ids.size - 1;
    });
  }
}
