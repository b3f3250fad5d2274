const PLAIN_TEXT = 'preprocess reads text that is split already; run tokenize and apply-bpe before';

/** Options of fairseq's `preprocess` that there are on purpose not. */
export const unsupportedPreprocessFlags: Readonly<Record<string, string>> = {
  '--bpe': PLAIN_TEXT,
  '--tokenizer': PLAIN_TEXT,
  '--seed': 'nothing in preprocess is random; leave it out',
};
