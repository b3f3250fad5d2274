import { UserError } from '../errors.js';
import type { TranslationModel } from '../plugins/model.js';
import { BatchSearch } from './batch-search.js';
import { emptyHypothesis, emptyRows } from './empty-source.js';
import { commonMaxPositions, EnsembleDecoding } from './ensemble.js';
import type { Hypothesis } from './hypothesis.js';
import type { SearchOptions } from './options.js';
import { checkStrategies, type SentencePhrases } from './strategies/index.js';
import type { Symbols } from './token-constraints.js';

/** Sentences to translate, padded on the left as the model was trained. */
export interface SearchInput {
  readonly batchSize: number;
  readonly sourceLength: number; // of the padded axis
  readonly sourceTokens: Int32Array; // [batch, source]
  readonly sourceLengths: Int32Array; // [batch], with </s>
  /** The tokens that each output has to begin with, padded on the right; for --prefix-size. */
  readonly prefixTokens?: Prefixes;
  /** Where each sentence stands in its corpus, for the draws of sampling; without it, where it stands in the batch. */
  readonly ids?: Int32Array; // [batch]
  /** The phrases that each output has to hold, for --constraints. */
  readonly phrases?: readonly SentencePhrases[]; // [batch]
}

/** Target tokens that each translation must begin with. */
export interface Prefixes {
  readonly tokens: Int32Array; // [batch, length]
  readonly length: number;
  readonly lengths: Int32Array; // [batch], tokens of each prefix; padding follows them
}

/** Beam search over one or more models, exactly as fairseq's SequenceGenerator searches. */
export class SequenceGenerator {
  /** As in fairseq never more than there are tokens but padding. */
  readonly #beam: number;

  /** @param attention whether hypotheses carry the last layer's attention to the source */
  constructor(
    readonly models: readonly TranslationModel[],
    readonly symbols: Symbols,
    readonly options: SearchOptions,
    readonly attention = false,
  ) {
    this.#beam = Math.min(options.beam, symbols.vocab - 1);
    checkStrategies({ ...options, beam: this.#beam });
  }

  /** The longest source and target that every model's position tables allow. */
  get maxPositions(): { source: number; target: number } {
    return commonMaxPositions(this.models);
  }

  /**
   * The finished hypotheses of each sentence, best first; as many as the beam but where every continuation is ruled out.
   * An empty sentence has one, `</s>` alone, unless its output has to hold something.
   * @throws UserError where --min-len is more than the longest output
   */
  async translate(input: SearchInput): Promise<Hypothesis[][]> {
    const empty = emptyRows(input);
    // Between others empty sentences stay in the batch: without them the products, and so the last bits, might be others.
    const found = empty.size === input.batchSize ? Array.from(empty, () => []) : await this.#search(input);
    return found.map((hypotheses, row) =>
      empty.has(row) ? [emptyHypothesis(this.symbols.eosIndex, this.attention)] : hypotheses,
    );
  }

  async #search(input: SearchInput): Promise<Hypothesis[][]> {
    const maxLength = this.longestOutput(input);
    const options = { ...this.options, beam: this.#beam, maxLength };
    const source = { ids: input.sourceTokens, batch: input.batchSize, time: input.sourceLength };
    const decoding = await EnsembleDecoding.start(this.models, source, {
      beam: this.#beam,
      capacity: maxLength + 1,
      attention: this.attention,
    });
    try {
      return await new BatchSearch(input, decoding, this.symbols, options).run();
    } finally {
      decoding.dispose();
    }
  }

  /** In tokens without `</s>`: min(⌊a · source + b⌋, the position tables − 1); the padded source counts, with `</s>`. */
  longestOutput({ sourceLength, sourceLengths }: SearchInput): number {
    const { matchSourceLen, maxLenA, maxLenB, minLen } = this.options;
    const wanted = matchSourceLen ? Math.max(...sourceLengths) : Math.floor(maxLenA * sourceLength + maxLenB);
    const maxLength = Math.min(wanted, this.maxPositions.target - 1);
    if (minLen <= maxLength) return maxLength;
    throw new UserError(
      `--min-len ${minLen} is more than ${maxLength}, the longest output for a source of ${sourceLength} tokens`,
      'lower --min-len, or raise --max-len-b',
    );
  }
}
