import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Bleu, formatScore } from 'sacrebleu-ts';
import { describe, expect, it } from 'vitest';
import { BleuScorer, TextBleuScorer } from '../../src/scoring/bleu-scorer.js';

interface Golden {
  readonly references: Record<string, string[]>;
  readonly cases: { name: string; args: string; references: string; hypotheses: string[]; line: string }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/bleu/fairseq-generate.json', import.meta.url), 'utf8'),
) as Golden;

const SPECIAL = { pad: 1, eos: 2, unk: 3 };

function scoreLines(references: readonly string[], hypotheses: readonly string[]): TextBleuScorer {
  const scorer = new TextBleuScorer();
  for (const [index, reference] of references.entries()) scorer.addLine(reference, hypotheses[index]!);
  return scorer;
}

describe("the last line of fairseq's generate", () => {
  it.each(golden.cases.map((entry) => [entry.args, entry] as const))('equals ours for %s', (_, entry) => {
    const references = golden.references[entry.references]!;
    const line = entry.line.startsWith('BLEU4')
      ? scoreLines(references, entry.hypotheses).resultLine()
      : formatScore(new Bleu().corpusScore(entry.hypotheses, [references]));
    expect(line).toBe(entry.line);
  });
});

describe('tokenized BLEU', () => {
  it.each([
    ['is 0 when an order has no match', 'a b c d', 'a b x d', 'BLEU4 = 0.00, 75.0/33.3/0.0/0.0'],
    ['never matches an unknown reference word', '<unk> b', '<unk> b', 'BLEU4 = 0.00, 50.0/0.0/0.0/0.0'],
    ["counts an empty hypothesis as fairseq does, one token '</s>'", 'a b', '', 'BLEU4 = 0.00, 0.0/0.0/0.0/0.0'],
    ['drops padding and </s> around a sentence', '<pad> a b c d </s>', 'a b c d </s> <pad>', 'BLEU4 = 100.00, 100.0'],
  ])('%s', (_, reference, hypothesis, start) => {
    expect(scoreLines([reference], [hypothesis]).resultLine().startsWith(start)).toBe(true);
  });

  it('counts orders up to the requested one', () => {
    const scorer = scoreLines(['a b c'], ['a b d']);
    expect(scorer.resultLine(2)).toBe('BLEU2 = 57.74, 66.7/50.0 (BP=1.000, ratio=1.000, syslen=3, reflen=3)');
    expect(scorer.score(1)).toBeCloseTo(200 / 3, 10);
  });

  it('starts higher orders at one match in one for single sentences', () => {
    const scorer = new TextBleuScorer({ addOne: true });
    scorer.addLine('a b c', 'a b d');
    // (2/3 · (1+1)/(2+1) · (0+1)/(1+1) · (0+1)/(0+1))^¼
    expect(scorer.resultLine()).toBe('BLEU4 = 68.66, 66.7/66.7/50.0/100.0 (BP=1.000, ratio=1.000, syslen=3, reflen=3)');
  });

  it('is 0 without sentences', () => {
    expect(new TextBleuScorer().resultLine()).toBe(
      'BLEU4 = 0.00, 0.0/0.0/0.0/0.0 (BP=0.000, ratio=0.000, syslen=0, reflen=0)',
    );
  });

  const sentence = fc.array(fc.integer({ min: 4, max: 9 }), { minLength: 1, maxLength: 12 });

  it('is the same for ids as for their words', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(sentence, sentence), { minLength: 1, maxLength: 5 }), (pairs) => {
        const ids = new BleuScorer(SPECIAL);
        const text = new TextBleuScorer();
        for (const [reference, hypothesis] of pairs) {
          ids.add([1, 1, ...reference, 2], [...hypothesis, 2]);
          text.addLine(reference.map((id) => `w${id}`).join(' '), hypothesis.map((id) => `w${id}`).join('  '));
        }
        expect(ids.resultLine()).toBe(text.resultLine());
      }),
    );
  });

  it("equals sacrebleu's unsmoothed BLEU of tokenized text", () => {
    const metric = new Bleu({ tokenize: 'none', smoothMethod: 'none' });
    fc.assert(
      fc.property(sentence, sentence, (reference, hypothesis) => {
        const scorer = new BleuScorer(SPECIAL);
        scorer.add(reference, hypothesis);
        const expected = metric.corpusScore([hypothesis.join(' ')], [[reference.join(' ')]]).score;
        expect(scorer.score()).toBeCloseTo(expected, 8);
      }),
    );
  });
});
