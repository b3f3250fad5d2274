import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addStatistics, Bleu, countReferences, formatBleu, TOKENIZER_NAMES } from '../src/index.js';
import { corpusCases, corpusNamed, golden, optionsFrom, sentenceCases } from './golden.js';

const named = <T extends { set: string; options: object }>(cases: T[]) =>
  cases.map((entry) => [`${entry.set} ${JSON.stringify(entry.options)}`, entry] as const);

describe('corpus BLEU', () => {
  it.each(named(corpusCases))('equals sacrebleu on %s', (_, expected) => {
    const { hypotheses, references } = corpusNamed(expected.set);
    const metric = new Bleu(optionsFrom(expected.options));
    const bleu = metric.corpusScore(hypotheses, references);
    expect(Math.abs(bleu.score - expected.score)).toBeLessThan(1e-9);
    expect(bleu.counts).toEqual(expected.counts);
    expect(bleu.totals).toEqual(expected.totals);
    expect(bleu.precisions).toEqual(expected.precisions);
    expect(bleu.brevityPenalty).toBeCloseTo(expected.bp, 12);
    expect([bleu.hypothesisLength, bleu.referenceLength]).toEqual([expected.sys_len, expected.ref_len]);
    expect(formatBleu(bleu)).toBe(expected.text);
    expect(metric.signature(countReferences(references))).toBe(expected.signature);
  });

  it.each(golden.extra.map((entry) => [`${entry.name} ${JSON.stringify(entry.options)}`, entry] as const))(
    'equals sacrebleu where some order never matches: %s',
    (_, expected) => {
      const metric = new Bleu(optionsFrom(expected.options));
      const bleu = metric.corpusScore(expected.hypotheses, expected.references);
      const signature = metric.signature(countReferences(expected.references));
      expect(Math.abs(bleu.score - expected.score)).toBeLessThan(1e-9);
      expect(formatBleu(bleu)).toBe(expected.text);
      expect(formatBleu(bleu, { width: 4, signature })).toBe(expected.full);
      expect(signature).toBe(expected.signature);
      expect(metric.signature(countReferences(expected.references), { short: true })).toBe(expected.short);
    },
  );
});

describe('sentence BLEU', () => {
  it.each(named(sentenceCases))('equals sacrebleu on each recorded sentence of %s', (_, expected) => {
    const { hypotheses, references } = corpusNamed(expected.set);
    const metric = new Bleu(optionsFrom(expected.options));
    expect(expected.scores.length).toBeGreaterThan(0);
    for (const [index, score] of expected.scores.entries()) {
      const own = references.map((stream) => stream[index]!);
      expect(Math.abs(metric.sentenceScore(hypotheses[index]!, own).score - score)).toBeLessThan(1e-9);
    }
  });
});

describe('statistics', () => {
  const { hypotheses, references } = corpusNamed('tiny model');

  it('of two parts of a corpus add up to those of the whole, wherever it is cut', () => {
    const metric = new Bleu();
    const whole = metric.statistics(hypotheses, references);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: hypotheses.length }), (cut) => {
        const part = (from: number, to: number) =>
          metric.statistics(
            hypotheses.slice(from, to),
            references.map((stream) => stream.slice(from, to)),
          );
        expect(addStatistics(part(0, cut), part(cut, hypotheses.length))).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });

  it.each(TOKENIZER_NAMES)('score 100 when a long enough text answers itself under %s', (tokenize) => {
    const words = fc.array(fc.stringMatching(/^[a-zA-Z0-9.,-]+$/), { minLength: 4, maxLength: 12 });
    fc.assert(
      fc.property(words, (line) => {
        const text = line.join(' ');
        expect(new Bleu({ tokenize }).corpusScore([text], [[text]]).score).toBeCloseTo(100, 9);
      }),
    );
  });

  it('of an empty corpus score 0', () => {
    expect(formatBleu(new Bleu().corpusScore([], [[]]))).toBe(
      'BLEU = 0.00 0.0/0.0/0.0/0.0 (BP = 1.000 ratio = 0.000 hyp_len = 0 ref_len = 0)',
    );
  });
});

describe('a mistake in the call', () => {
  it.each([
    ['an unknown tokenizer', () => new Bleu({ tokenize: 'moses' as 'none' }), /unknown tokenizer 'moses'; known: 13a/],
    ['an unknown smoothing', () => new Bleu({ smoothMethod: 'laplace' as 'none' }), /unknown smoothing 'laplace'/],
    ['an order of zero', () => new Bleu({ maxNgramOrder: 0 }), /maxNgramOrder is 0/],
    ['no references', () => new Bleu().corpusScore(['a'], []), /there are no references/],
    ['too few references', () => new Bleu().corpusScore(['a', 'b'], [['a']]), /1 references for 2 hypotheses/],
    ['a short second stream', () => new Bleu().corpusScore(['a'], [['a'], []]), /reference stream 2 has 0/],
    ['a segment without a reference', () => new Bleu().corpusScore(['a'], [[null]]), /a segment has no reference/],
  ])('is named: %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});
