/** Separates the words of a segment by white space. A pure function of the segment. */
export interface Tokenizer {
  /** The name in signatures, after `tok:`. */
  readonly name: string;
  /** Returns the tokens of a segment, separated by spaces. */
  tokenize(segment: string): string;
}
