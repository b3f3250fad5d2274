/** What stands between text as people write it and the tokens that a model knows. */
export interface TextCodec {
  /** A line of text as tokens, separated by spaces. */
  encode(line: string): string;
  /** The way back. */
  decode(tokens: string): string;
}

/** Leaves text as it is. */
export const PLAIN_TEXT: TextCodec = { encode: (line) => line, decode: (tokens) => tokens };

/** One codec after the other; decoding goes through them backwards. */
export function chainCodecs(codecs: readonly TextCodec[]): TextCodec {
  return codecs.reduce(
    (outer, inner) => ({
      encode: (line) => inner.encode(outer.encode(line)),
      decode: (tokens) => outer.decode(inner.decode(tokens)),
    }),
    PLAIN_TEXT,
  );
}
