import type { PhraseProgress } from './phrase-progress.js';
import type { SentencePhrases } from './strategy.js';

/** Phrases that must occur in this order, with any tokens between them. */
interface PhraseSequence {
  readonly tokens: readonly number[];
  /** Whether a phrase ends at each token. */
  readonly isEnd: readonly boolean[];
}

/** The initial progress for `--constraints ordered`. */
export function orderedPhrases(phrases: SentencePhrases): PhraseProgress {
  const sequence = {
    tokens: phrases.flatMap((phrase) => [...phrase]),
    isEnd: phrases.flatMap((phrase) => Array.from(phrase, (_, at) => at === phrase.length - 1)),
  };
  return new OrderedProgress(sequence, 0);
}

/** Follows fairseq: an unfinished phrase resets the progress to zero. */
class OrderedProgress implements PhraseProgress {
  readonly #sequence: PhraseSequence;

  constructor(
    sequence: PhraseSequence,
    readonly bank: number,
  ) {
    this.#sequence = sequence;
  }

  get isComplete(): boolean {
    return this.bank === this.#sequence.tokens.length;
  }

  get nextTokens(): ReadonlySet<number> {
    const { tokens } = this.#sequence;
    const next = new Set<number>();
    if (this.bank > 1) next.add(tokens[0]!);
    if (!this.isComplete) next.add(tokens[this.bank]!);
    return next;
  }

  advance(token: number): PhraseProgress {
    const { tokens, isEnd } = this.#sequence;
    if (this.isComplete) return this;
    if (token === tokens[this.bank]) return new OrderedProgress(this.#sequence, this.bank + 1);
    const isBetween = this.bank === 0 || isEnd[this.bank - 1]!;
    if (isBetween) return this;
    return new OrderedProgress(this.#sequence, token === tokens[0] ? 1 : 0);
  }
}
