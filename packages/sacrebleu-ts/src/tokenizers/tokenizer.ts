/** Puts white space between the words of a segment. Pure: no state, no language. */
export interface Tokenizer {
  /** As it stands in signatures after `tok:`. */
  readonly name: string;
  tokenize(segment: string): string;
}
