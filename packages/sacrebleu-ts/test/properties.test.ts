import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addStatistics, Bleu, Chrf, formatScore, type Metric, Ter, TOKENIZER_NAMES } from '../src/index.js';

const METRICS: readonly (readonly [string, Metric])[] = [
  ['BLEU', new Bleu()],
  ['BLEU of characters', new Bleu({ tokenize: 'char', smoothMethod: 'floor' })],
  ['chrF', new Chrf()],
  ['chrF++', new Chrf({ wordOrder: 2, whitespace: true })],
  ['TER', new Ter()],
  ['normalized TER', new Ter({ normalized: true, asianSupport: true })],
];

const word = fc.constantFrom('a', 'the', 'Cat', 'sat', 'on', '3.5', 'mat.', '(so)', '猫が', '😀');
const line = fc.array(word, { maxLength: 12 }).map((words) => words.join(' '));
const pair = fc.record({ hypothesis: line, first: line, second: fc.option(line) });
const corpus = fc.array(pair, { minLength: 1, maxLength: 8 });

type Pairs = readonly { readonly hypothesis: string; readonly first: string; readonly second: string | null }[];

const scoreOf = (metric: Metric, pairs: Pairs): number => metric.score(statisticsOf(metric, pairs)).score;

const statisticsOf = (metric: Metric, pairs: Pairs) =>
  metric.statistics(
    pairs.map(({ hypothesis }) => hypothesis),
    [pairs.map(({ first }) => first), pairs.map(({ second }) => second)],
  );

describe.each(METRICS)('%s', (_, metric) => {
  it('does not depend on the order of the segments', () => {
    fc.assert(
      fc.property(corpus, fc.infiniteStream(fc.nat()), (pairs, keys) => {
        const shuffled = pairs
          .map((entry) => ({ entry, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ entry }) => entry);
        expect(scoreOf(metric, shuffled)).toBeCloseTo(scoreOf(metric, pairs), 10);
      }),
    );
  });

  it('has statistics that add up for any split of the corpus', () => {
    fc.assert(
      fc.property(corpus, fc.nat(), (pairs, where) => {
        const cut = where % (pairs.length + 1);
        const sum = addStatistics(statisticsOf(metric, pairs.slice(0, cut)), statisticsOf(metric, pairs.slice(cut)));
        expect(sum).toEqual(statisticsOf(metric, pairs));
      }),
    );
  });

  it('of one segment is the score of the sentence', () => {
    fc.assert(
      fc.property(line, line, (hypothesis, reference) => {
        expect(metric.corpusScore([hypothesis], [[reference]])).toEqual(metric.sentenceScore(hypothesis, [reference]));
      }),
    );
  });

  it('does not depend on what was scored before', () => {
    fc.assert(
      fc.property(corpus, corpus, (before, pairs) => {
        const score = scoreOf(metric, pairs);
        scoreOf(metric, before);
        expect(scoreOf(metric, pairs)).toBe(score);
      }),
    );
  });
});

describe('a hypothesis that is one of its references', () => {
  const identical = fc.array(fc.tuple(fc.array(word, { minLength: 7, maxLength: 12 }), line), {
    minLength: 1,
    maxLength: 6,
  });

  it.each([
    ...TOKENIZER_NAMES.map((tokenize) => [`100 BLEU under ${tokenize}`, new Bleu({ tokenize }), 100] as const),
    ['100 chrF', new Chrf(), 100] as const,
    ['100 chrF++', new Chrf({ wordOrder: 2 }), 100] as const,
    ['0 TER', new Ter(), 0] as const,
  ])('has %s', (_, metric, best) => {
    fc.assert(
      fc.property(identical, (pairs) => {
        const texts = pairs.map(([words]) => words.join(' '));
        expect(metric.corpusScore(texts, [pairs.map(([, other]) => other), texts]).score).toBeCloseTo(best, 9);
      }),
    );
  });
});

describe('an empty corpus', () => {
  it.each([
    [new Bleu(), 'BLEU = 0.00 0.0/0.0/0.0/0.0 (BP = 1.000 ratio = 0.000 hyp_len = 0 ref_len = 0)'],
    [new Chrf(), 'chrF2 = 0.00'],
    [new Ter(), 'TER = 0.00'],
  ])('scores 0', (metric, text) => {
    expect(formatScore(metric.corpusScore([], [[]]))).toBe(text);
  });
});
