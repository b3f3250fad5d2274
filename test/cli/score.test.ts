import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../../src/cli/command.js';
import { scoreCommand } from '../../src/cli/commands/score.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
afterEach(() => vi.restoreAllMocks());

const file = (name: string, ...lines: string[]): string => {
  writeFileSync(join(folder, name), lines.map((line) => `${line}\n`).join(''));
  return join(folder, name);
};
const sys = file('sys', 'The cat sat on the mat .', 'a b');
const ref = file('ref', 'the cat sat on a mat .', 'a b c');
const long = file('long', 'a', 'b', 'c');

async function score(...argv: string[]): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await runCommand(scoreCommand, argv);
  return write.mock.calls.map(([text]) => String(text)).join('');
}

const LENGTHS = 'syslen=9, reflen=10)\n';

describe('score', () => {
  it.each([
    ['tokenized BLEU', [], `BLEU4 = 0.00, 88.9/57.1/20.0/0.0 (BP=0.895, ratio=0.900, ${LENGTHS}`],
    ['up to an order', ['-o', '2'], `BLEU2 = 63.77, 88.9/57.1 (BP=0.895, ratio=0.900, ${LENGTHS}`],
    ['without case', ['--ignore-case'], `BLEU4 = 44.92, 88.9/71.4/40.0/25.0 (BP=0.895, ratio=0.900, ${LENGTHS}`],
  ])('prints %s', async (_, options, line) => {
    expect(await score('-s', sys, '-r', ref, ...options)).toBe(line);
  });

  it('prints sacreBLEU with its signature', async () => {
    expect(await score('--sys', sys, '--ref', ref, '--sacrebleu')).toMatch(
      /^BLEU\|nrefs:1\|case:mixed\|eff:no\|tok:13a\|smooth:exp\|version:2\.6\.0 = \d+\.\d\d .* hyp_len = 9 ref_len = 10\)\n$/,
    );
  });

  it.each([
    ['chrf', [], /^chrF2\|nrefs:1\|case:mixed\|eff:yes\|nc:6\|nw:0\|space:no\|version:2\.6\.0 = 65\.73\n$/],
    ['chrf', ['--ignore-case'], /^chrF2\|nrefs:1\|case:lc\|.* = 69\.79\n$/],
    ['ter', [], /^TER\|nrefs:1\|case:lc\|tok:tercom\|norm:no\|punct:yes\|asian:no\|version:2\.6\.0 = 20\.00\n$/],
    ['sacrebleu', [], /^BLEU\|nrefs:1\|/],
  ])('prints %s with its signature %j', async (scoring, options, line) => {
    expect(await score('--sys', sys, '--ref', ref, '--scoring', scoring, ...options)).toMatch(line);
  });

  it('prints a numbered line for each sentence', async () => {
    const lines = (await score('-s', sys, '-r', ref, '--sentence-bleu')).trimEnd().split('\n');
    expect(lines[1]).toBe('1 BLEU4 = 60.65, 100.0/100.0/100.0/100.0 (BP=0.607, ratio=0.667, syslen=2, reflen=3)');
    expect(lines).toHaveLength(2);
  });

  it.each([
    ['no references', ['-s', sys], /--ref is missing/],
    ['a missing file', ['-s', join(folder, 'none'), '-r', ref], /none/],
    ['files of different length', ['-s', sys, '-r', long], /ends after 2 lines/],
    ['an order that is not counted', ['-s', sys, '-r', ref, '-o', '5'], /order/],
    [
      'sentences of chrF',
      ['-s', sys, '-r', ref, '--scoring', 'chrf', '--sentence-bleu'],
      /--scoring chrf and --sentence-bleu/,
    ],
    ['an unknown score', ['-s', sys, '-r', ref, '--scoring', 'chrff'], /chrf/],
    ['two kinds of score', ['-s', sys, '-r', ref, '--sacrebleu', '--sentence-bleu'], /cannot be combined/],
  ])('refuses %s', async (_, argv, message) => {
    await expect(score(...argv)).rejects.toThrow(UserError);
    await expect(score(...argv)).rejects.toThrow(message);
  });
});

describe("fairseq's scores", () => {
  const golden = JSON.parse(readFileSync(new URL('../golden/bleu/fairseq-score.json', import.meta.url), 'utf8')) as {
    sys: string[];
    ref: string[];
    runs: { args: string[]; output: string[] }[];
  };

  it.each(golden.runs)('$args', async ({ args, output }) => {
    const files = ['--sys', file('golden-sys', ...golden.sys), '--ref', file('golden-ref', ...golden.ref)];
    expect((await score(...files, ...args)).trimEnd().split('\n')).toEqual(output);
  });
});
