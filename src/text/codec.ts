/** Converts between raw text and the tokens of a model. */
export interface TextCodec {
  /** Converts a line of text to space-separated tokens. */
  encode(line: string): string;
  /** Converts a phrase in the target language to space-separated tokens, as they occur within a sentence. */
  encodePhrase(phrase: string): string;
  /** Converts space-separated tokens to a line of text. */
  decode(tokens: string): string;
}

/** A codec that does not change the text. */
export const PLAIN_TEXT: TextCodec = {
  encode: (line) => line,
  encodePhrase: (phrase) => phrase,
  decode: (tokens) => tokens,
};

/** Applies codecs one after another; decoding applies them in reverse order. */
export function chainCodecs(codecs: readonly TextCodec[]): TextCodec {
  return codecs.reduce(
    (outer, inner) => ({
      encode: (line) => inner.encode(outer.encode(line)),
      encodePhrase: (phrase) => inner.encodePhrase(outer.encodePhrase(phrase)),
      decode: (tokens) => outer.decode(inner.decode(tokens)),
    }),
    PLAIN_TEXT,
  );
}
