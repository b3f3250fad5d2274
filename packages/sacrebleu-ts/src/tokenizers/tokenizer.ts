/** Turns a segment into words separated by single spaces. Pure: no state, no language. */
export interface Tokenizer {
  /** As it stands in signatures after `tok:`. */
  readonly name: string;
  tokenize(segment: string): string;
}
