import type { TranslationModel } from '../plugins/model.js';
import * as tf from '../tf.js';
import { type BeamChoice, type Candidates, chooseBeams } from './candidates.js';
import { Ensemble, type EnsembleDecoding } from './ensemble.js';
import { type Hypothesis, HypothesisTree } from './hypothesis.js';
import { repeatedNgramTokens } from './ngram-blocking.js';
import type { SearchOptions } from './options.js';

/** Sentences to translate, padded on the left as the model was trained. */
export interface SearchInput {
  readonly batchSize: number;
  readonly sourceLength: number; // of the padded axis
  readonly sourceTokens: Int32Array; // [batch, source]
  readonly sourceLengths: Int32Array; // [batch], with </s>
  /** The tokens that each output has to begin with, padded on the right; for --prefix-size. */
  readonly prefixTokens?: { readonly tokens: Int32Array /* [batch, length] */; readonly length: number };
}

export interface Symbols {
  readonly vocab: number;
  readonly padIndex: number;
  readonly eosIndex: number;
  readonly unkIndex: number;
}

const IMPOSSIBLE = Number.NEGATIVE_INFINITY;

/** Beam search over one or more models, exactly as fairseq's SequenceGenerator searches. */
export class BeamSearch {
  readonly #ensemble: Ensemble;

  constructor(
    models: readonly TranslationModel[],
    readonly symbols: Symbols,
    readonly options: SearchOptions,
  ) {
    this.#ensemble = new Ensemble(models);
  }

  get maxPositions(): { source: number; target: number } {
    return this.#ensemble.maxPositions;
  }

  /** The finished hypotheses of each sentence, best first. */
  async translate(input: SearchInput): Promise<Hypothesis[][]> {
    const { maxLenA, maxLenB } = this.options;
    const maxLength = Math.min(
      Math.floor(maxLenA * input.sourceLength + maxLenB),
      this.#ensemble.maxPositions.target - 1,
    );
    const source = tf.tensor2d(input.sourceTokens, [input.batchSize, input.sourceLength], 'int32');
    const decoding = this.#ensemble.start(source, this.options.beam, maxLength + 1);
    source.dispose();
    try {
      return await new BatchSearch(input, decoding, this.symbols, this.options, maxLength).run();
    } finally {
      decoding.dispose();
    }
  }
}

/** The search over one batch. Rows are hypotheses, `beam` for each sentence that is not finished. */
class BatchSearch {
  readonly #finished: Hypothesis[][];
  readonly #tree = new HypothesisTree();
  #sentences: Int32Array; // [active], positions in the batch
  #ignored: Uint8Array[]; // [active][beam]
  #newest: Int32Array; // [rows], the tokens to be consumed next

  constructor(
    readonly input: SearchInput,
    readonly decoding: EnsembleDecoding,
    readonly symbols: Symbols,
    readonly options: SearchOptions,
    readonly maxLength: number,
  ) {
    const { batchSize } = input;
    const { beam } = options;
    this.#finished = Array.from({ length: batchSize }, () => []);
    this.#sentences = Int32Array.from({ length: batchSize }, (_, sentence) => sentence);
    this.#ignored = Array.from({ length: batchSize }, () => new Uint8Array(beam));
    this.#newest = new Int32Array(batchSize * beam).fill(symbols.eosIndex);
  }

  async run(): Promise<Hypothesis[][]> {
    for (let step = 0; step <= this.maxLength && this.#sentences.length > 0; step++) {
      this.#advance(step, await this.#bestCandidates(step));
    }
    // A stable sort: equal scores stay in the order in which they were finished.
    return this.#finished.map((hypotheses) => hypotheses.sort((a, b) => b.score - a.score));
  }

  /** One step of the models and the top 2·beam continuations of each sentence. */
  async #bestCandidates(step: number): Promise<Candidates[]> {
    const { beam, temperature } = this.options;
    const { vocab, eosIndex } = this.symbols;
    const active = this.#sentences.length;
    const [values, indices] = tf.tidy(() => {
      const logProbs = this.#penalize(step, this.decoding.step(this.#newest, temperature));
      const table = tf.reshape(logProbs, [active, beam * vocab]) as tf.Tensor2D;
      // All beams are alike before the first token: only the first one counts.
      const scored = step === 0 ? tf.slice(table, [0, 0], [active, vocab]) : this.#addScores(logProbs);
      // As in fairseq, one fewer than there are, so that padding is never chosen.
      const top = tf.topk(scored, Math.min(2 * beam, scored.shape[1] - 1));
      return [top.values, top.indices];
    }) as [tf.Tensor, tf.Tensor];
    const [scores, flat] = (await Promise.all([values.data(), indices.data()])) as [Float32Array, Int32Array];
    const count = values.shape[1]!;
    tf.dispose([values, indices]);
    const prefix = step >= this.maxLength ? null : this.#prefixTokens(step);
    return Array.from({ length: active }, (_, index) => {
      const chosen = flat.subarray(index * count, (index + 1) * count);
      const candidates = {
        beams: chosen.map((position) => Math.floor(position / vocab)),
        tokens: chosen.map((position) => position % vocab),
        scores: scores.subarray(index * count, (index + 1) * count),
      };
      return prefix?.[index * beam] === eosIndex ? copiesOfBest(candidates, beam) : candidates;
    });
  }

  /** log p + the score so far: float32 [active, beam · vocab]. */
  #addScores(logProbs: tf.Tensor2D): tf.Tensor2D {
    const rows = this.#newest.length;
    const scores = Float32Array.from({ length: rows }, (_, row) => this.#tree.score(row));
    const sums = tf.add(logProbs, tf.tensor2d(scores, [rows, 1]));
    return tf.reshape(sums, [this.#sentences.length, this.options.beam * this.symbols.vocab]);
  }

  /** Rules out what may not come next. */
  #penalize(step: number, logProbs: tf.Tensor2D): tf.Tensor2D {
    const { padIndex, eosIndex, unkIndex, vocab } = this.symbols;
    const { minLen, unkpen, noRepeatNgramSize } = this.options;
    const isLast = step >= this.maxLength;
    const prefix = isLast ? null : this.#prefixTokens(step);
    const penalties = new Float32Array(vocab);
    if (isLast) penalties.fill(IMPOSSIBLE);
    penalties[eosIndex] = prefix === null && !isLast && step < minLen ? IMPOSSIBLE : 0;
    penalties[unkIndex]! -= unkpen;
    penalties[padIndex] = IMPOSSIBLE;
    let result = tf.add(logProbs, tf.tensor1d(penalties)) as tf.Tensor2D;
    if (prefix !== null) result = this.#forcePrefix(result, prefix);
    if (noRepeatNgramSize > 0) result = tf.add(result, this.#ngramMask(noRepeatNgramSize));
    return result;
  }

  /** The token that each row has to take at this step, padding where it is free; null after the prefixes' end. */
  #prefixTokens(step: number): Int32Array | null {
    const { prefixTokens } = this.input;
    if (prefixTokens === undefined || step >= prefixTokens.length) return null;
    const { beam } = this.options;
    return Int32Array.from(
      this.#newest,
      (_, row) => prefixTokens.tokens[this.#sentences[Math.floor(row / beam)]! * prefixTokens.length + step]!,
    );
  }

  /** Leaves only the prefix's token possible. */
  #forcePrefix(logProbs: tf.Tensor2D, prefix: Int32Array): tf.Tensor2D {
    const { vocab, padIndex } = this.symbols;
    const mask = new Float32Array(prefix.length * vocab);
    prefix.forEach((token, row) => {
      if (token === padIndex) return;
      mask.fill(IMPOSSIBLE, row * vocab, (row + 1) * vocab);
      mask[row * vocab + token] = 0;
    });
    return tf.add(logProbs, tf.tensor2d(mask, [prefix.length, vocab]));
  }

  #ngramMask(size: number): tf.Tensor2D {
    const { vocab } = this.symbols;
    const rows = this.#newest.length;
    const mask = new Float32Array(rows * vocab);
    for (let row = 0; row < rows; row++) {
      for (const token of repeatedNgramTokens(this.#tree.tokens(row), size)) mask[row * vocab + token] = IMPOSSIBLE;
    }
    return tf.tensor2d(mask, [rows, vocab]);
  }

  /** Ends hypotheses, drops finished sentences and moves the others one token on. */
  #advance(step: number, candidates: readonly Candidates[]): void {
    const { beam } = this.options;
    const choices = candidates.map((candidate, index) =>
      chooseBeams(candidate, beam, this.symbols.eosIndex, this.#ignored[index]!),
    );
    choices.forEach(({ final }, index) => {
      this.#finish(step, index, candidates[index]!, final);
    });
    const remaining = [...choices.keys()].filter((index) => !this.#isFinished(step, index));
    const parents: number[] = [];
    const tokens: number[] = [];
    const scores: number[] = [];
    for (const index of remaining) {
      for (const candidate of (choices[index] as BeamChoice).active) {
        parents.push(index * beam + candidates[index]!.beams[candidate]!);
        tokens.push(candidates[index]!.tokens[candidate]!);
        scores.push(candidates[index]!.scores[candidate]!);
      }
    }
    this.#tree.add({
      parents: Int32Array.from(parents),
      tokens: Int32Array.from(tokens),
      scores: Float32Array.from(scores),
    });
    this.#newest = Int32Array.from(tokens);
    this.#ignored = remaining.map((index) => choices[index]!.ignored);
    this.#sentences = Int32Array.from(remaining, (index) => this.#sentences[index]!);
    if (remaining.length > 0) this.decoding.select(Int32Array.from(parents));
  }

  #finish(step: number, index: number, { beams, scores }: Candidates, final: readonly number[]): void {
    const { beam, lenpen, unnormalized, matchSourceLen } = this.options;
    const sentence = this.#sentences[index]!;
    const hypotheses = this.#finished[sentence]!;
    for (const candidate of final) {
      if (hypotheses.length >= beam) return;
      const isTooLong = matchSourceLen && step > this.input.sourceLengths[sentence]!;
      const row = index * beam + beams[candidate]!;
      const hypothesis = this.#tree.finish(
        row,
        this.symbols.eosIndex,
        scores[candidate]!,
        unnormalized ? null : lenpen,
      );
      hypotheses.push(isTooLong ? { ...hypothesis, score: IMPOSSIBLE } : hypothesis);
    }
  }

  #isFinished(step: number, index: number): boolean {
    return this.#finished[this.#sentences[index]!]!.length >= this.options.beam || step >= this.maxLength;
  }
}

/** A prefix that ends in `</s>` leaves one hypothesis; as in fairseq it fills every place. */
function copiesOfBest({ beams, tokens, scores }: Candidates, beam: number): Candidates {
  return {
    beams: new Int32Array(beam).fill(beams[0]!),
    tokens: new Int32Array(beam).fill(tokens[0]!),
    scores: new Float32Array(beam).fill(scores[0]!),
  };
}
