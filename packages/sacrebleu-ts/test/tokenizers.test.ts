import { describe, expect, it } from 'vitest';
import { formatFixed, splitWords, trimEnd } from '../src/python-text.js';
import { TOKENIZER_NAMES, tokenizerNamed } from '../src/tokenizers/index.js';
import { golden } from './golden.js';

const { lines, words, lowercase } = golden.tokenized;

describe.each(TOKENIZER_NAMES)('the tokenizer %s', (name) => {
  it('makes the same words as sacrebleu of every line', () => {
    const { tokenize } = tokenizerNamed(name);
    expect(lines.map((line) => splitWords(tokenize(trimEnd(line))))).toEqual(words[name]);
  });
});

describe('text as Python sees it', () => {
  it('is lowercased in the same way', () => {
    expect(lines.map((line) => splitWords(line.toLowerCase()))).toEqual(lowercase);
  });

  it.each(golden.fixed)('%d with %d decimals is %s', (value, digits, text) => {
    // JSON has kept the sign of −0.0.
    expect(formatFixed(value, digits)).toBe(text);
  });
});
