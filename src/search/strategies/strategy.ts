import type { Candidates, RowCandidates, SentenceRows } from '../candidates.js';
import type { SearchOptions } from '../options.js';
import type { Symbols } from '../token-constraints.js';

/** One step of the search for one sentence. */
export interface SentenceStep {
  readonly sentence: number; // position in the batch, the same at every step
  readonly step: number; // tokens decoded before it
  readonly rows: RowCandidates;
  /** The rows of the sentence. Before the first token, all beams are identical and only the first counts. */
  readonly sentenceRows: SentenceRows;
}

/**
 * Chooses the candidate continuations of a sentence's hypotheses. One object serves one batch. `selectBeams` then
 * decides, for every strategy alike, which candidates end a hypothesis and which continue.
 */
export interface SearchStrategy {
  /** The number of most likely tokens to read per row; a small vocabulary may have fewer. */
  readonly width: number;
  /** Whether to also read the log-probabilities of the whole vocabulary. */
  readonly readsVocabulary: boolean;
  /** Returns at least `beam` candidates of a sentence, best first. An `</s>` is final only among the first `beam`. */
  choose(step: SentenceStep): Candidates;
  /** Called with the candidates that became the beams of the next step. */
  beamsSelected?(sentence: number, active: Int32Array /* [beam], positions in the candidates */): void;
}

/** The batch that a strategy is created for. */
export interface StrategyContext {
  readonly options: SearchOptions; // `beam` is the beam size in use
  readonly symbols: Symbols;
  readonly sourceLengths: Int32Array; // [batch], with </s>
  /** The position of each sentence in its corpus, which seeds sampling. */
  readonly ids: Int32Array; // [batch]
  /** The phrases that each translation must contain; null if there are none in the batch. */
  readonly phrases: readonly SentencePhrases[] | null; // [batch]
}

/** The phrases that a translation must contain, as ids without `</s>`. */
export type SentencePhrases = readonly Int32Array[];
