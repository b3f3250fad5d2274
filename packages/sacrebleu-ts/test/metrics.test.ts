import { describe, expect, it } from 'vitest';
import {
  type BleuScore,
  countReferences,
  formatJson,
  formatScore,
  type References,
  splitWords,
  type TerScore,
} from '../src/index.js';
import { tercomText } from '../src/ter/tercom-text.js';
import {
  type BleuCase,
  corpusCases,
  corpusNamed,
  golden,
  type MetricName,
  metricFrom,
  type PythonOptions,
  read,
  sentenceCases,
} from './golden.js';

interface MetricCase {
  readonly corpus: string;
  readonly metric: MetricName;
  readonly options: PythonOptions;
  readonly score: number;
  readonly statistics: number[][]; // [segments][sums]
  readonly sentences: number[];
  readonly line: string;
  readonly json: string;
  readonly short: string;
}

const metrics = read<{
  readonly corpora: Record<string, { readonly hypotheses: string[]; readonly references: (string | null)[][] }>;
  readonly cases: MetricCase[];
  readonly tercom: { readonly lines: string[]; readonly texts: Record<string, string[]> };
}>('golden/metrics.json');

const close = (actual: number, expected: number): void => {
  expect(Math.abs(actual - expected), `${actual} for ${expected}`).toBeLessThan(1e-9);
};

const ownReferences = (references: References, segment: number): string[] =>
  references.map((stream) => stream[segment] ?? null).filter((reference) => reference !== null);

const titled = <T extends { metric: string; options: object }>(cases: readonly T[], where: (entry: T) => string) =>
  cases.map((entry) => [`${entry.metric} ${JSON.stringify(entry.options)} on ${where(entry)}`, entry] as const);

describe('the score of the reference corpora', () => {
  it.each(titled(corpusCases, ({ set }) => set))('equals sacrebleu: %s', (_, expected) => {
    const { hypotheses, references } = corpusNamed(expected.set);
    const metric = metricFrom(expected.metric, expected.options);
    const score = metric.corpusScore(hypotheses, references);
    close(score.score, expected.score);
    expect(formatScore(score)).toBe(expected.text);
    expect(metric.signature(countReferences(references))).toBe(expected.signature);
    if (expected.metric === 'bleu') expectBleuParts(score as BleuScore, expected);
  });

  function expectBleuParts(bleu: BleuScore, expected: BleuCase): void {
    expect(bleu.counts).toEqual(expected.counts);
    expect(bleu.totals).toEqual(expected.totals);
    expect(bleu.precisions).toEqual(expected.precisions);
    expect(bleu.brevityPenalty).toBeCloseTo(expected.bp, 12);
    expect([bleu.hypothesisLength, bleu.referenceLength]).toEqual([expected.sys_len, expected.ref_len]);
  }

  it.each(titled(sentenceCases, ({ set }) => set))('of each recorded sentence too: %s', (_, expected) => {
    const { hypotheses, references } = corpusNamed(expected.set);
    const metric = metricFrom('bleu', expected.options);
    expect(expected.scores.length).toBeGreaterThan(0);
    for (const [index, score] of expected.scores.entries()) {
      close(metric.sentenceScore(hypotheses[index]!, ownReferences(references, index)).score, score);
    }
  });

  it('counts the edits of TER', () => {
    const { hypotheses, references } = corpusNamed('two references');
    const score = metricFrom('ter', {}).corpusScore(hypotheses, references) as TerScore;
    expect([score.edits, score.referenceLength]).toEqual([850, 721.5]);
  });
});

describe('small corpora with edge cases', () => {
  it.each(titled(metrics.cases, ({ corpus }) => corpus))('equal sacrebleu: %s', (_, expected) => {
    const { hypotheses, references } = metrics.corpora[expected.corpus]!;
    const metric = metricFrom(expected.metric, expected.options);
    const signature = metric.signature(countReferences(references));
    const score = metric.corpusScore(hypotheses, references);
    expect(metric.statisticsOfSegments(hypotheses, references)).toEqual(expected.statistics);
    close(score.score, expected.score);
    expect(formatScore(score, { signature })).toBe(expected.line);
    expect(formatJson(score, { signature, width: 3 })).toBe(expected.json);
    expect(metric.signature(countReferences(references), { short: true })).toBe(expected.short);
    for (const [index, sentence] of expected.sentences.entries()) {
      close(metric.sentenceScore(hypotheses[index]!, ownReferences(references, index)).score, sentence);
    }
  });

  it.each(golden.extra.map((entry) => [`${entry.name} ${JSON.stringify(entry.options)}`, entry] as const))(
    'equal sacrebleu if an order never matches: %s',
    (_, expected) => {
      const metric = metricFrom('bleu', expected.options);
      const bleu = metric.corpusScore(expected.hypotheses, expected.references);
      const signature = metric.signature(countReferences(expected.references));
      close(bleu.score, expected.score);
      expect(formatScore(bleu)).toBe(expected.text);
      expect(formatScore(bleu, { width: 4, signature })).toBe(expected.full);
      expect(signature).toBe(expected.signature);
      expect(metric.signature(countReferences(expected.references), { short: true })).toBe(expected.short);
    },
  );
});

describe("TERCOM's text", () => {
  it.each(Object.entries(metrics.tercom.texts))(
    'is the same with normalized, noPunct, asian, cased = %s',
    (key, texts) => {
      const [normalized, noPunct, asianSupport, caseSensitive] = [...key].map((flag) => flag === '1') as [
        boolean,
        boolean,
        boolean,
        boolean,
      ];
      const settings = { normalized, noPunct, asianSupport, caseSensitive };
      expect(metrics.tercom.lines.map((line) => splitWords(tercomText(line, settings)).join(' '))).toEqual(texts);
    },
  );
});
