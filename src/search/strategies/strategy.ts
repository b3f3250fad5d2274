import type { Candidates, RowCandidates, SentenceRows } from '../candidates.js';
import type { SearchOptions } from '../options.js';
import type { Symbols } from '../token-constraints.js';

/** One step of one sentence. */
export interface SentenceStep {
  readonly sentence: number; // position in the batch, the same at every step
  readonly step: number; // tokens decoded before it
  readonly rows: RowCandidates;
  /** Its rows; before the first token all beams are alike and only the first one counts. */
  readonly sentenceRows: SentenceRows;
}

/**
 * How a search goes on: which continuations of a sentence's hypotheses are looked at. One object serves one batch. What
 * becomes of the candidates (which end a hypothesis, which go on) is the same for every strategy: `selectBeams`.
 */
export interface SearchStrategy {
  /** How many of its likeliest tokens each row has to offer; a vocabulary may have fewer. */
  readonly width: number;
  /** Whether each row also brings the log-probabilities of the whole vocabulary. */
  readonly readsVocabulary: boolean;
  /** The candidates of one sentence, best first, at least as many as the beam; `</s>` is final among the first `beam`. */
  choose(step: SentenceStep): Candidates;
  /** Told which of the chosen candidates became the beams of the next step. */
  beamsSelected?(sentence: number, active: Int32Array /* [beam], positions in the candidates */): void;
}

/** What a strategy knows of its batch. */
export interface StrategyContext {
  readonly options: SearchOptions; // its beam is the one in use
  readonly symbols: Symbols;
  readonly sourceLengths: Int32Array; // [batch], with </s>
  /** Where each sentence stands in its corpus: draws depend on it, and not on the batch. */
  readonly ids: Int32Array; // [batch]
  /** The phrases that each sentence has to hold; null where no sentence has any. */
  readonly phrases: readonly SentencePhrases[] | null; // [batch]
}

/** The phrases that a translation has to hold, as ids without `</s>`. */
export type SentencePhrases = readonly Int32Array[];
