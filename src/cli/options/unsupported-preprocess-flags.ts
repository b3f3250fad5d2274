const PLAIN_TEXT = 'preprocess reads tokenized text; run tokenize and apply-bpe first';

/** Options of fairseq's `preprocess` that are not supported, with what to do instead. */
export const unsupportedPreprocessFlags: Readonly<Record<string, string>> = {
  '--bpe': PLAIN_TEXT,
  '--tokenizer': PLAIN_TEXT,
  '--seed': 'preprocess uses no random numbers; remove the flag',
};
