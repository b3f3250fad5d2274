import * as tf from '../tf/index.js';
import type { Candidates, RowCandidates } from './candidates.js';
import type { EnsembleDecoding } from './ensemble.js';
import { EventLoop } from './event-loop.js';
import { type Hypothesis, HypothesisTree } from './hypothesis.js';
import type { SearchOptions } from './options.js';
import type { SearchInput } from './search-input.js';
import { type BeamSelection, selectBeams } from './select-beams.js';
import { chooseStrategy, type SearchStrategy } from './strategies/index.js';
import { constrain, isSameForAllRows, type Symbols, vocabularyPenalties } from './token-constraints.js';

/** Search options with the maximum output length, in tokens excluding `</s>`. */
type BatchSearchOptions = SearchOptions & { readonly maxLength: number };

/** An id that no token has. */
const NO_TOKEN = -1;

/** The search over one batch. A row is a hypothesis; each unfinished sentence has `beam` rows. */
export class BatchSearch {
  readonly #input: SearchInput;
  readonly #decoding: EnsembleDecoding;
  readonly #symbols: Symbols;
  readonly #options: BatchSearchOptions;
  readonly #strategy: SearchStrategy;
  readonly #finished: Hypothesis[][];
  readonly #tree = new HypothesisTree();
  #sentences: Int32Array; // [active], positions in the batch
  #ignored: readonly Uint8Array[]; // [active][beam]
  #newest: Int32Array; // [rows], the tokens to consume next

  constructor(input: SearchInput, decoding: EnsembleDecoding, symbols: Symbols, options: BatchSearchOptions) {
    this.#input = input;
    this.#decoding = decoding;
    this.#symbols = symbols;
    this.#options = options;
    const { batchSize, sourceLengths, phrases = null } = input;
    const ids = input.ids ?? Int32Array.from({ length: batchSize }, (_, sentence) => sentence);
    this.#strategy = chooseStrategy({ options, symbols, sourceLengths, ids, phrases });
    this.#finished = Array.from({ length: batchSize }, () => []);
    this.#sentences = Int32Array.from({ length: batchSize }, (_, sentence) => sentence);
    this.#ignored = Array.from({ length: batchSize }, () => new Uint8Array(options.beam));
    this.#newest = new Int32Array(batchSize * options.beam).fill(symbols.eosIndex);
  }

  async run(): Promise<Hypothesis[][]> {
    const loop = new EventLoop();
    for (let step = 0; step <= this.#options.maxLength && this.#sentences.length > 0; step++) {
      const prefix = this.#prefixTokens(step);
      const rows = await this.#rowCandidates(step, prefix);
      const candidates = Array.from(this.#sentences, (_, index) => this.#sentenceCandidates(rows, index, step, prefix));
      this.#advance(step, rows, candidates);
      await loop.turn();
    }
    // The sort is stable: hypotheses with equal scores stay in the order in which they finished.
    return this.#finished.map((hypotheses, sentence) =>
      hypotheses.sort((a, b) => b.score - a.score).map((hypothesis) => this.#withoutPadding(hypothesis, sentence)),
    );
  }

  /**
   * Removes attention to the source's padding, found by the sentence length because `<pad>` may be a word of the text.
   */
  #withoutPadding(hypothesis: Hypothesis, sentence: number): Hypothesis {
    if (hypothesis.attention === null) return hypothesis;
    const { sourceTokens, sourceLength, sourceLengths } = this.#input;
    const length = sourceLengths[sentence]!;
    // A source ends with `</s>`, so `<pad>` at the end of a row means padding on the right.
    const isPaddedRight = sourceTokens[(sentence + 1) * sourceLength - 1] === this.#symbols.padIndex;
    const start = isPaddedRight ? 0 : sourceLength - length;
    const attention = hypothesis.attention.map((weights) => weights.slice(start, start + length));
    return { ...hypothesis, attention };
  }

  /** The token that each row must take at this step, or padding if the row is free; null if all rows are free. */
  #prefixTokens(step: number): Int32Array | null {
    const { prefixTokens } = this.#input;
    if (prefixTokens === undefined || step >= prefixTokens.length || step >= this.#options.maxLength) return null;
    return this.#newest.map((_, row) => {
      const sentence = this.#sentences[Math.floor(row / this.#options.beam)]!;
      return prefixTokens.tokens[sentence * prefixTokens.length + step]!;
    });
  }

  /** Runs one step of the models and reads what the strategy needs from each row: one tidy, one read. */
  async #rowCandidates(step: number, prefix: Int32Array | null): Promise<RowCandidates> {
    const { temperature, maxLength } = this.#options;
    const { readsVocabulary } = this.#strategy;
    const width = Math.min(this.#strategy.width, this.#symbols.vocab);
    const constrainedStep = { step, isLast: step >= maxLength, rows: this.#newest.length, prefix, tree: this.#tree };
    if (!readsVocabulary && isSameForAllRows(constrainedStep, this.#options)) {
      const penalties = vocabularyPenalties(constrainedStep, this.#symbols, this.#options);
      const table = this.#decoding.stepTop(this.#newest, { width, temperature, penalties });
      if (table !== null) return { width, stride: 2 * width, table };
    }
    if (!tf.isReady()) await tf.ready();
    const packed = tf.tidy(() => {
      const { logProbs, attention } = this.#decoding.step(this.#newest, temperature);
      const constrained = constrain(logProbs, constrainedStep, this.#symbols, this.#options);
      const top = tf.topk(constrained, width);
      // Packed into one tensor. A vocabulary is far smaller than 2^24, so float32 represents every index exactly.
      const columns = [top.values, tf.cast(top.indices, 'float32')];
      return tf.concat([...columns, ...(attention ? [attention] : []), ...(readsVocabulary ? [constrained] : [])], 1);
    });
    try {
      const table = (await packed.data()) as Float32Array;
      return { width, stride: packed.shape[1]!, table, vocabulary: readsVocabulary ? this.#symbols.vocab : 0 };
    } finally {
      packed.dispose();
    }
  }

  /** The continuations of a sentence that the strategy chooses. */
  #sentenceCandidates(rows: RowCandidates, index: number, step: number, prefix: Int32Array | null): Candidates {
    const { beam } = this.#options;
    // Before the first token, all beams are identical and only the first counts.
    const sentenceRows = { firstRow: index * beam, beams: step === 0 ? 1 : beam, totals: this.#tree.totals };
    const candidates = this.#strategy.choose({ sentence: this.#sentences[index]!, step, rows, sentenceRows });
    const isEndOfPrefix = prefix?.[index * beam] === this.#symbols.eosIndex && !this.#isWithinPrefix(index, step);
    return isEndOfPrefix ? copiesOfBest(candidates, beam) : candidates;
  }

  /** Whether a sentence's prefix continues after this step: an `</s>` is then a word of the prefix. */
  #isWithinPrefix(index: number, step: number): boolean {
    const { prefixTokens } = this.#input;
    if (prefixTokens === undefined || step >= this.#options.maxLength) return false;
    return step + 1 < prefixTokens.lengths[this.#sentences[index]!]!;
  }

  /** Ends hypotheses, removes finished sentences and extends the others by one token. */
  #advance(step: number, rows: RowCandidates, candidates: readonly Candidates[]): void {
    const { beam } = this.#options;
    const attentionOf = attentionReader(rows);
    const choices = candidates.map((candidate, index) =>
      selectBeams(
        candidate,
        beam,
        this.#isWithinPrefix(index, step) ? NO_TOKEN : this.#symbols.eosIndex,
        this.#ignored[index]!,
      ),
    );
    choices.forEach(({ final }, index) => {
      this.#finish(step, index, candidates[index]!, final, attentionOf);
    });
    const remaining = [...choices.keys()].filter((index) => !this.#isFinished(index));
    for (const index of remaining) this.#strategy.beamsSelected?.(this.#sentences[index]!, choices[index]!.active);
    const { parents, tokens, totals } = this.#continuations(remaining, candidates, choices);
    this.#tree.add({ parents, tokens, totals, attentionOf });
    this.#newest = tokens;
    this.#ignored = remaining.map((index) => choices[index]!.ignored);
    this.#sentences = Int32Array.from(remaining, (index) => this.#sentences[index]!);
    if (remaining.length > 0 && step < this.#options.maxLength) this.#decoding.select(parents);
  }

  /** The rows of the next step: the row that each continues, its new token and its score. */
  #continuations(remaining: readonly number[], candidates: readonly Candidates[], choices: readonly BeamSelection[]) {
    const { beam } = this.#options;
    const rows = remaining.length * beam;
    const parents = new Int32Array(rows);
    const tokens = new Int32Array(rows);
    const totals = new Float32Array(rows);
    let row = 0;
    for (const index of remaining) {
      const { beams, tokens: next, scores } = candidates[index]!;
      for (const candidate of choices[index]!.active) {
        parents[row] = index * beam + beams[candidate]!;
        tokens[row] = next[candidate]!;
        totals[row] = scores[candidate]!;
        row += 1;
      }
    }
    return { parents, tokens, totals };
  }

  #finish(
    step: number,
    index: number,
    { beams, scores }: Candidates,
    final: readonly number[],
    attentionOf: ((row: number) => Float32Array) | null,
  ): void {
    const { beam, lenpen, unnormalized, matchSourceLen } = this.#options;
    const sentence = this.#sentences[index]!;
    const hypotheses = this.#finished[sentence]!;
    const isTooLong = matchSourceLen && step > this.#input.sourceLengths[sentence]!;
    for (const candidate of final.slice(0, beam - hypotheses.length)) {
      const hypothesis = this.#tree.finish({
        row: index * beam + beams[candidate]!,
        token: this.#symbols.eosIndex,
        total: scores[candidate]!,
        lengthPenalty: unnormalized ? null : lenpen,
        attentionOf,
      });
      hypotheses.push(isTooLong ? { ...hypothesis, score: Number.NEGATIVE_INFINITY } : hypothesis);
    }
  }

  #isFinished(index: number): boolean {
    return this.#finished[this.#sentences[index]!]!.length >= this.#options.beam;
  }
}

/** Reads the attention of a row from the packed table; null if the table contains none. */
function attentionReader(rows: RowCandidates): ((row: number) => Float32Array) | null {
  const { table, stride, width, vocabulary = 0 } = rows;
  if (stride === 2 * width + vocabulary) return null;
  return (row) => table.subarray(row * stride + 2 * width, (row + 1) * stride - vocabulary);
}

/** Fills the beam with copies of the best candidate, like fairseq after a prefix that ends in `</s>`. */
function copiesOfBest({ beams, tokens, scores }: Candidates, beam: number): Candidates {
  return {
    beams: new Int32Array(beam).fill(beams[0]!),
    tokens: new Int32Array(beam).fill(tokens[0]!),
    scores: new Float32Array(beam).fill(scores[0]!),
  };
}
