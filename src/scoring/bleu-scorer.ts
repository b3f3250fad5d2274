import { formatFixed, splitWords } from 'sacrebleu-ts';

const MAX_ORDER = 4;

/** Replaces an unknown reference word; no token contains a space. */
const UNMATCHED = ' ';

/** The tokens that the scorer treats specially, as ids or as text. */
export interface SpecialTokens<Token> {
  readonly pad: Token;
  readonly eos: Token;
  readonly unk: Token;
}

/** The special tokens of text. */
const TEXT_TOKENS: SpecialTokens<string> = { pad: '<pad>', eos: '</s>', unk: '<unk>' };

/**
 * fairseq's tokenized BLEU with one reference per sentence: the score at the end of `generate`. It depends on the
 * tokenization, so it is comparable only between systems on the same data.
 * It is not smoothed: 0 if an order has no match. An unknown word in the reference matches nothing.
 * Source: fairseq's `scoring/bleu.py` and `clib/libbleu`.
 */
export class BleuScorer<Token extends string | number> {
  readonly #special: SpecialTokens<Token>;
  readonly #matches: number[]; // [order]
  readonly #counts: number[]; // [order]
  #hypothesisLength = 0; // tokens
  #referenceLength = 0; // tokens

  /**
   * @param addOne whether to start the counts of orders above 1 at one match of one n-gram, like fairseq for single
   * sentences
   */
  constructor(special: SpecialTokens<Token>, { addOne = false } = {}) {
    this.#special = special;
    const start = (order: number): number => (addOne && order > 1 ? 1 : 0);
    this.#matches = Array.from({ length: MAX_ORDER }, (_, index) => start(index + 1));
    this.#counts = [...this.#matches];
  }

  /**
   * Adds a sentence. Padding around it and `</s>` after it do not count, except for the `</s>` of an empty sentence.
   */
  add(reference: readonly Token[], hypothesis: readonly Token[]): void {
    const expected = this.#trim(reference).map((token) => (token === this.#special.unk ? UNMATCHED : token));
    const actual = this.#trim(hypothesis);
    this.#referenceLength += expected.length;
    this.#hypothesisLength += actual.length;
    for (let order = 1; order <= MAX_ORDER; order++) {
      this.#counts[order - 1]! += Math.max(0, actual.length - order + 1);
      this.#matches[order - 1]! += countMatches(ngrams(expected, order), ngrams(actual, order));
    }
  }

  /** BLEU in 0 … 100. @param order the maximum n-gram order, 1 … 4 */
  score(order = MAX_ORDER): number {
    const logs = this.#precisions(order).map((precision) => Math.log(precision));
    return this.#brevityPenalty() * Math.exp(logs.reduce((sum, log) => sum + log, 0) / order) * 100;
  }

  /** `BLEU4 = 17.55, 43.0/27.5/21.1/15.5 (BP=0.704, ratio=0.740, syslen=712, reflen=962)` */
  resultLine(order = MAX_ORDER): string {
    const precisions = this.#precisions(order).map((precision) => formatFixed(precision * 100, 1));
    const ratio = this.#referenceLength > 0 ? this.#hypothesisLength / this.#referenceLength : 0;
    const lengths = `syslen=${this.#hypothesisLength}, reflen=${this.#referenceLength}`;
    const penalty = `BP=${formatFixed(this.#brevityPenalty(), 3)}, ratio=${formatFixed(ratio, 3)}`;
    return `BLEU${order} = ${formatFixed(this.score(order), 2)}, ${precisions.join('/')} (${penalty}, ${lengths})`;
  }

  #precisions(order: number): number[] {
    return this.#matches.slice(0, order).map((matches, index) => (matches > 0 ? matches / this.#counts[index]! : 0));
  }

  #brevityPenalty(): number {
    if (this.#hypothesisLength === 0) return 0;
    return Math.min(1, Math.exp(1 - this.#referenceLength / this.#hypothesisLength));
  }

  #trim(tokens: readonly Token[]): readonly Token[] {
    const { pad, eos } = this.#special;
    const start = tokens.findIndex((token) => token !== pad);
    if (start < 0) return [];
    const last = tokens.findLastIndex((token) => token !== pad && token !== eos);
    return tokens.slice(start, Math.max(start, last) + 1);
  }
}

/** Scores lines of text, split into tokens at white space. */
export class TextBleuScorer extends BleuScorer<string> {
  constructor(options: { readonly addOne?: boolean } = {}) {
    super(TEXT_TOKENS, options);
  }

  addLine(reference: string, hypothesis: string): void {
    this.add([...splitWords(reference), TEXT_TOKENS.eos], [...splitWords(hypothesis), TEXT_TOKENS.eos]);
  }
}

function ngrams(tokens: readonly (string | number)[], order: number): string[] {
  const starts = Math.max(0, tokens.length - order + 1);
  return Array.from({ length: starts }, (_, start) => tokens.slice(start, start + order).join(' '));
}

/** Σ over n-grams of min(count in the reference, count in the hypothesis). */
function countMatches(reference: readonly string[], hypothesis: readonly string[]): number {
  const left = new Map<string, number>();
  for (const ngram of hypothesis) left.set(ngram, (left.get(ngram) ?? 0) + 1);
  let matches = 0;
  for (const ngram of reference) {
    const count = left.get(ngram) ?? 0;
    if (count === 0) continue;
    left.set(ngram, count - 1);
    matches++;
  }
  return matches;
}
