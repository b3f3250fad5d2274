import { describe, expect, it } from 'vitest';
import { Bleu, Chrf, sentencePieceTokenizer, Ter, type TokenizerName } from '../src/index.js';

const bleuOf = (tokenize: string) => new Bleu({ tokenize: tokenize as TokenizerName });

describe('an error in the call', () => {
  it.each([
    ['an unknown tokenizer', () => bleuOf('moses'), /unknown tokenizer 'moses'; known: 13a, intl, zh/],
    ['Japanese', () => bleuOf('ja-mecab'), /'ja-mecab' is not supported: it requires the morphological analyzer MeCab/],
    ['Korean', () => bleuOf('ko-mecab'), /'ko-mecab' is not supported/],
    ['flores200', () => bleuOf('flores200'), /requires a SentencePiece model.*sentencePieceTokenizer/],
    ['spm', () => bleuOf('spm'), /'spm' is not supported/],
    ['an unknown smoothing', () => new Bleu({ smoothMethod: 'laplace' as 'none' }), /unknown smoothing 'laplace'/],
    ['an order of zero', () => new Bleu({ maxNgramOrder: 0 }), /maxNgramOrder is 0/],
    ['a negative floor', () => new Bleu({ smoothMethod: 'floor', smoothValue: -1 }), /smoothValue is -1; it must not/],
    ['no number', () => new Bleu({ smoothMethod: 'add-k', smoothValue: Number.NaN }), /smoothValue is NaN/],
    ['half an order', () => new Chrf({ charOrder: 1.5 }), /charOrder is 1.5/],
    ['no order at all', () => new Chrf({ charOrder: 0 }), /charOrder and wordOrder are both 0/],
    ['a negative beta', () => new Chrf({ beta: -1 }), /beta is -1/],
    ['no references', () => new Bleu().corpusScore(['a'], []), /there are no references/],
    ['too few references', () => new Ter().corpusScore(['a', 'b'], [['a']]), /1 references for 2 hypotheses/],
    ['a short second stream', () => new Chrf().corpusScore(['a'], [['a'], []]), /reference stream 2 has 0/],
    ['a segment without a reference', () => new Bleu().corpusScore(['a'], [[null]]), /a segment has no reference/],
    ['a chrF segment without one', () => new Chrf().corpusScore(['a'], [[null]]), /a segment has no reference/],
    ['a TER segment without one', () => new Ter().corpusScore(['a'], [[null]]), /a segment has no reference/],
  ])('is described in the message: %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe('a tokenizer of a SentencePiece model', () => {
  it('is the function that the caller provides, and its name is in the signature', () => {
    const pieces = (segment: string) => [...segment].map((letter) => `▁${letter}`);
    const metric = new Bleu({ tokenize: sentencePieceTokenizer('flores200', pieces) });
    expect(metric.corpusScore(['abcde'], [['abcdf']]).precisions[0]).toBe(80);
    expect(metric.signature()).toBe('nrefs:1|case:mixed|eff:no|tok:flores200|smooth:exp|version:2.6.0');
  });
});
