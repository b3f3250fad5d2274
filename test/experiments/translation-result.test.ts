import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  packStatistics,
  readTranslations,
  scoreTranslations,
  unpackStatistics,
} from '../../src/experiments/translation-result.js';
import { TextBleuScorer } from '../../src/scoring/bleu-scorer.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const GENERATED = [
  'S-1\tzwei katzen .',
  'T-1\ttwo cats sleep .',
  'H-1\t-0.1\ttwo cats sleep .',
  'D-1\t-0.1\ttwo cats sleep.',
  'P-1\t-0.1 -0.1',
  'S-0\tein hund läuft .',
  'T-0\ta dog runs .',
  'H-0\t-0.2\ta dog walks .',
  'D-0\t-0.2\ta dog walks.',
  'H-0\t-0.3\tthe dog runs .',
  'Generate test with beam=5: BLEU4 = 0.00',
];

function write(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

describe('translations that generate wrote', () => {
  const lines = readTranslations(write('generate.txt', GENERATED));

  it('are read in the order of their ids, the best of each sentence', () => {
    expect(lines).toEqual({
      ids: [0, 1],
      sources: ['ein hund läuft .', 'zwei katzen .'],
      references: ['a dog runs .', 'two cats sleep .'],
      hypotheses: ['a dog walks .', 'two cats sleep .'],
      detokenized: ['a dog walks.', 'two cats sleep.'],
    });
  });

  it("have fairseq's tokenized BLEU, and scores of detokenized text", () => {
    const result = scoreTranslations(lines, (line) => line.replace(' .', '.'));
    const scorer = new TextBleuScorer();
    for (const [index, hypothesis] of lines.hypotheses.entries()) scorer.addLine(lines.references[index]!, hypothesis);
    expect(result.bleu).toBeCloseTo(scorer.score(), 12);
    expect(result).toMatchObject({ sentences: 2, brevityPenalty: 1, lengthRatio: 1 });
    expect(result.sacrebleuSignature).toContain('tok:13a');
    expect(result.chrf).toBeGreaterThan(50);
  });

  it('keep hypothesis length, reference length and matches of each sentence', () => {
    const { statistics } = scoreTranslations(lines, (line) => line);
    expect([...unpackStatistics(statistics)]).toEqual([4, 4, 3, 1, 0, 0, 4, 4, 4, 3, 2, 1]);
  });

  it('need references and at least one sentence', () => {
    expect(() => readTranslations(write('empty.txt', ['BLEU4 = 1']))).toThrow('has no translations with references');
    expect(() => readTranslations(write('no-reference.txt', ['H-0\t-1\ta']))).toThrow('without --quiet');
  });
});

describe('a file of translations that was cut short', () => {
  const whole = ['S-1\tb', 'T-1\tB', 'H-1\t-1\tB', 'D-1\t-1\tB', 'S-0\ta', 'T-0\tA', 'H-0\t-1\tA', 'D-0\t-1\tA'];
  const end = '2026 | INFO | fairseq_cli.generate | Generate test with beam=5: BLEU4 = 1';

  it.each([
    ['after the first sentence', whole.slice(0, 4), 1, 2],
    ['after a source', whole.slice(0, 5), 1, 2],
    ['after a reference', whole.slice(0, 6), 1, 2],
    ['in the last sentence', whole.slice(0, 7), 1, 2],
    ['in the middle, with its end', [...whole.slice(0, 2), ...whole.slice(4), end], 1, 2],
  ])('is refused with the number of translations: %s', (_, lines, there, all) => {
    const path = write('cut.txt', lines);
    expect(() => readTranslations(path)).toThrow(
      `${path} is cut short: it has ${there} of ${all} translations; translate again with ts-fairseq generate, or delete it`,
    );
  });

  it('is refused if another number of sentences was scored', () => {
    const path = write('scored.txt', whole);
    expect(readTranslations(path, 2).ids).toEqual([0, 1]);
    expect(() => readTranslations(path, 3)).toThrow(`${path} is cut short: it has 2 of 3 translations`);
    expect(() => readTranslations(path, 1)).toThrow(`${path} has 2 translations, but 1 was scored`);
  });

  it('is not one in which generate left sentences out that are too long', () => {
    expect(readTranslations(write('skipped.txt', [...whole.slice(0, 4), end])).ids).toEqual([1]);
  });
});

it('packed statistics come back as they were', () => {
  const rows = [
    [1, 2, 3],
    [65535, 0, 7],
  ];
  expect([...unpackStatistics(packStatistics(rows))]).toEqual(rows.flat());
});
