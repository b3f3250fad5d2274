/**
 * How far a hypothesis is in holding the phrases that it has to (lexical constraints). Immutable: reading a token gives
 * the next state.
 */
export interface PhraseProgress {
  /** How many tokens of phrases are held: hypotheses of one number compete with each other. */
  readonly bank: number;
  /** Whether every phrase is held. */
  readonly isComplete: boolean;
  /** The tokens that would bring it further. */
  readonly nextTokens: ReadonlySet<number>;
  advance(token: number): PhraseProgress;
}
