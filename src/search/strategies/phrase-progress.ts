/**
 * The progress of a hypothesis towards its phrases (lexical constraints). Immutable: `advance` returns the next state.
 */
export interface PhraseProgress {
  /** The number of phrase tokens matched so far. Hypotheses with the same number compete with each other. */
  readonly bank: number;
  /** Whether the hypothesis contains every phrase. */
  readonly isComplete: boolean;
  /** The tokens that would advance a phrase. */
  readonly nextTokens: ReadonlySet<number>;
  advance(token: number): PhraseProgress;
}
