/** More words than this are forgotten before the next segment. */
const MAX_WORDS = 65536;

/** Numbers that stand for words; the same word has the same number within a segment. */
export class Vocabulary {
  readonly #ids = new Map<string, number>();

  /** Keeps what is known from growing without bound; numbers from before must not be used after. */
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
