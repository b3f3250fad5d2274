import { UserError } from '../errors.js';
import type { TranslationModel } from '../plugins/model.js';
import { BatchSearch } from './batch-search.js';
import { emptyHypothesis, emptyRows } from './empty-source.js';
import { commonMaxPositions, EnsembleDecoding } from './ensemble.js';
import type { Hypothesis } from './hypothesis.js';
import type { SearchOptions } from './options.js';
import type { SearchInput } from './search-input.js';
import { checkStrategies } from './strategies/index.js';
import type { Symbols } from './token-constraints.js';

/** Beam search over one or more models, exactly as fairseq's SequenceGenerator searches. */
export class SequenceGenerator {
  /** As in fairseq, at most the number of tokens other than padding. */
  readonly #beam: number;

  /** @param attention whether hypotheses include the last layer's attention to the source */
  constructor(
    readonly models: readonly TranslationModel[],
    readonly symbols: Symbols,
    readonly options: SearchOptions,
    readonly attention = false,
  ) {
    this.#beam = Math.min(options.beam, symbols.vocab - 1);
    checkStrategies({ ...options, beam: this.#beam });
  }

  /** The maximum source and target lengths that the position tables of all models allow. */
  get maxPositions(): { source: number; target: number } {
    return commonMaxPositions(this.models);
  }

  /**
   * Returns the finished hypotheses of each sentence, best first: `beam` of them, or fewer if every continuation is
   * ruled out. An empty sentence has one, `</s>`, unless its output must contain a prefix or phrases.
   * @throws UserError if --min-len is greater than the maximum output length
   */
  async translate(input: SearchInput): Promise<Hypothesis[][]> {
    const empty = emptyRows(input);
    // Empty sentences among others stay in the batch. Without them, matrix products might round differently.
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

  /**
   * The maximum output length in tokens excluding `</s>`: min(⌊a · source + b⌋, position table − 1). `source` is the
   * padded length, including `</s>`.
   * @throws UserError if --min-len is greater
   */
  longestOutput({ sourceLength, sourceLengths }: SearchInput): number {
    const { matchSourceLen, maxLenA, maxLenB, minLen } = this.options;
    const wanted = matchSourceLen ? Math.max(...sourceLengths) : Math.floor(maxLenA * sourceLength + maxLenB);
    const maxLength = Math.min(wanted, this.maxPositions.target - 1);
    if (minLen <= maxLength) return maxLength;
    throw new UserError(
      `--min-len ${minLen} is greater than ${maxLength}, the maximum output length for a source of ${sourceLength} tokens`,
      'lower --min-len, or raise --max-len-b',
    );
  }
}
