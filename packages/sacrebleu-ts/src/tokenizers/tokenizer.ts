/** Puts white space between the words of a segment. Pure: no state, no language. */
export interface Tokenizer {
  /** As it stands in signatures after `tok:`. */
  readonly name: string;
  /** Returns the tokens of a segment, separated by spaces. */
  tokenize(segment: string): string;
}
