import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, runCommandLine } from '../helpers/command-line.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

interface GoldenRun {
  readonly args: readonly string[];
  readonly input: readonly string[];
  readonly output: readonly string[];
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/generate/interactive.json', import.meta.url), 'utf8'),
) as Record<string, GoldenRun>;

const codes = fileURLToPath(new URL('../golden/text/bpe/codes', import.meta.url));

const folder = temporaryFolder();

let checkpoint: string;
beforeAll(() => {
  checkpoint = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
});

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const inputOf = (lines: readonly string[]): string => file('input', lines.map((line) => `${line}\n`).join(''));

const run = (input: string, ...argv: string[]): Promise<Outcome> =>
  runCommandLine(['interactive', goldenData, '--path', checkpoint, '--input', input, ...argv]);

const SHORT = ['--beam', '2', '--max-len-b', '4'];

/** The answers to lines, with short outputs. */
async function answers(lines: readonly string[], ...argv: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run(inputOf(lines), ...SHORT, ...argv);
  expect(code, stderr).toBe(0);
  return stdout.trimEnd().split('\n');
}

const kinds = (lines: readonly string[]): string[] => lines.map((line) => line.split('\t')[0]!);
const linesOf = (kind: string, lines: readonly string[]): string[] =>
  lines.filter((line) => line.startsWith(`${kind}-`)).map((line) => line.slice(line.indexOf('\t') + 1));

/** How far a score may lie from fairseq's. */
const TOLERANCE = 1e-3;

/** A line with its scores apart from its text; W- lines without their time. */
function parse(line: string): { text: string; scores: number[] } {
  const [head, ...rest] = line.split('\t') as [string, ...string[]];
  if (head.startsWith('W-')) return { text: `${head} seconds`, scores: [] };
  if (head.startsWith('P-')) return { text: head, scores: rest[0]!.split(' ').map(Number) };
  if (/^[HD]-/.test(head)) return { text: `${head} ${rest[1]}`, scores: [Number(rest[0]!.replace('inf', 'Infinity'))] };
  return { text: line, scores: [] };
}

/** fairseq's output, but for what its model makes up of empty lines, which are empty translations here. */
function withEmptyTranslations(output: readonly string[]): string[] {
  const empty = output.flatMap((line) => /^S-(\d+)\t$/.exec(line)?.[1] ?? []);
  const lines: Readonly<Record<string, string>> = { H: '\t0.0\t', D: '\t0.0\t', P: '\t0.0000' };
  return output.map((line) => {
    const [, kind = '', id = ''] = /^([HDP])-(\d+)\t/.exec(line) ?? [];
    return empty.includes(id) ? `${kind}-${id}${lines[kind]}` : line;
  });
}

describe("fairseq's answers with fairseq's weights", () => {
  it.each(Object.entries(golden))('%s', async (_, { args, input, output }) => {
    const before = tf.memory().numTensors;
    const { code, stdout, stderr } = await run(
      inputOf(input),
      ...args.map((argument) => argument.replace('bpe/codes', codes)),
    );
    expect(code, stderr).toBe(0);
    const actual = stdout.trimEnd().split('\n').map(parse);
    const expected = withEmptyTranslations(output).map(parse);
    expect(actual.map(({ text }) => text)).toEqual(expected.map(({ text }) => text));
    for (const [at, { scores, text }] of expected.entries()) {
      expect(actual[at]!.scores, text).toHaveLength(scores.length);
      const differences = scores.map((score, index) => Math.abs(score - actual[at]!.scores[index]!));
      expect(Math.max(0, ...differences), text).toBeLessThanOrEqual(TOLERANCE);
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('interactive', () => {
  it('answers an empty line with an empty translation, whatever is asked for', async () => {
    for (const options of [
      [],
      ['--nbest', '2', '--print-alignment', '--buffer-size', '4'],
      ['--min-len', '3', '--replace-unk', '--sampling', '--beam', '1'],
      ['--constraints', '--tokenizer', 'moses', '--bpe', 'subword_nmt', '--bpe-codes', codes, '--remove-bpe'],
    ]) {
      const lines = await answers(
        ['', 'datei', ' \t ', '\u0001'.repeat(Number(options.includes('moses'))), 'option'],
        ...options,
      );
      expect(lines.filter((line) => /^[SHDPA]-0/.test(line)).slice(0, 4)).toEqual([
        'S-0\t',
        'H-0\t0.0\t',
        'D-0\t0.0\t',
        'P-0\t0.0000',
      ]);
      for (const id of ['0', '2', '3']) {
        expect(lines.filter((line) => line.startsWith(`H-${id}`))).toEqual([`H-${id}\t0.0\t`]);
        expect(lines.filter((line) => line.startsWith(`A-${id}`))).toEqual(
          options.includes('--print-alignment') ? [`A-${id}\t`] : [],
        );
      }
      expect(
        linesOf(
          'H',
          lines.filter((line) => line.startsWith('H-1')),
        )[0],
      ).not.toBe('0.0\t');
    }
  });

  it('answers every line in order, including empty ones, for any buffer size', async () => {
    const lines = ['datei', '', 'die datei ist', 'option'];
    const one = await answers(lines);
    expect(kinds(one)).toEqual([0, 1, 2, 3].flatMap((id) => ['S', 'W', 'H', 'D', 'P'].map((kind) => `${kind}-${id}`)));
    expect(linesOf('S', one)).toEqual(lines);
    for (const size of ['2', '3', '100']) {
      const several = await answers(lines, '--buffer-size', size, '--batch-size', '2');
      expect(kinds(several)).toEqual(kinds(one));
      expect(linesOf('H', several).map((line) => line.split('\t')[1])).toEqual(
        linesOf('H', one).map((line) => line.split('\t')[1]),
      );
    }
  });

  it('prints nothing for no lines', async () => {
    expect(await run(inputOf([]))).toMatchObject({ code: 0, stdout: '' });
  });

  it('prints the time of each line and the phrases that its translation has to hold', async () => {
    const lines = await answers(['datei\tthe\tof a', 'datei'], '--constraints', '--max-len-b', '9');
    expect(linesOf('W', lines)).toEqual([expect.stringMatching(/^\d+\.\d{3}\tseconds$/), expect.anything()]);
    expect(kinds(lines).filter((kind) => kind.startsWith('C'))).toEqual(['C-0', 'C-0']);
    expect(linesOf('C', lines)).toEqual(['the', 'of a']);
    expect(linesOf('H', lines)[0]).toMatch(/\bthe\b.* of a\b/);
  });

  it('says that no output within the maximum length contains the phrases', async () => {
    const { code, stdout, stderr } = await run(
      inputOf(['datei\ta b c d e f', 'datei']),
      ...SHORT,
      '--constraints',
      '--buffer-size',
      '2',
      '--batch-size',
      '2',
    );
    expect(code).toBe(0);
    expect(kinds(stdout.trimEnd().split('\n'))).toEqual(['S-0', 'W-0', 'C-0', 'S-1', 'W-1', 'H-1', 'D-1', 'P-1']);
    expect(stderr).toContain(
      'WARNING | ts-fairseq | line 1 has no translation: no output contains its phrases; raise --beam or --max-len-b',
    );
  });

  it('copies the source word with the most attention for <unk>, or what the dictionary has for it', async () => {
    const lines = ['xyzzy', 'xyzzy plugh'];
    // A negative penalty makes <unk> the likeliest token everywhere.
    const unknown = await answers(lines, '--unkpen', '-100');
    const texts = (answered: readonly string[]) => linesOf('H', answered).map((line) => line.split('\t')[1]!);
    expect(texts(unknown)[0]).toMatch(/^<unk>( <unk>)*$/);
    const copied = texts(await answers(lines, '--unkpen', '-100', '--replace-unk'));
    expect(copied[0]).toBe(texts(unknown)[0]!.replaceAll('<unk>', 'xyzzy'));
    for (const word of copied[1]!.split(' ')) expect(['xyzzy', 'plugh']).toContain(word);
    const dictionary = file('align', 'xyzzy  magic\nplugh word\n');
    const replaced = texts(await answers(lines, '--unkpen', '-100', '--replace-unk', dictionary));
    expect(replaced).toEqual(copied.map((text) => text.replaceAll('xyzzy', 'magic').replaceAll('plugh', 'word')));
  });

  it('samples the same for the same seed', async () => {
    const sample = (...argv: string[]) =>
      answers(['datei', 'datei'], '--sampling', '--nbest', '2', '--max-len-b', '9', ...argv).then((lines) =>
        linesOf('H', lines).map((line) => line.split('\t')[1]!),
      );
    const drawn = await sample();
    expect(await sample('--buffer-size', '2', '--batch-size', '2')).toEqual(drawn);
    expect(await sample('--seed', '7')).not.toEqual(drawn);
    expect(new Set(drawn).size).toBe(4);
  });

  it.each([
    ['for the model', [], 2000, 1024],
    ['for --max-source-positions', ['--max-source-positions', '7'], 9, 7],
  ])('leaves lines that are too long %s unanswered where it may, and names them', async (_, argv, words, longest) => {
    const input = inputOf(['datei', 'x '.repeat(words), 'option']);
    const { code, stdout, stderr } = await run(input, ...SHORT, '--skip-invalid-size-inputs-valid-test', ...argv);
    expect(code).toBe(0);
    expect([...new Set(kinds(stdout.trimEnd().split('\n')).map((kind) => kind.slice(2)))]).toEqual(['0', '2']);
    expect(stderr).toContain(
      `${input} line 2 has ${words + 1} tokens including </s>, but the model or a batch allows at most ${longest}`,
    );
  });

  it('truncates them with --truncate-source', async () => {
    const [source] = linesOf('S', await answers(['x '.repeat(2000)], '--truncate-source'));
    expect(source!.split(' ')).toHaveLength(1023);
  });

  it('detokenizes D- lines and leaves H- lines as they are', async () => {
    const lines = await answers(['"datei"\t"'], '--tokenizer', 'moses', '--constraints');
    expect(linesOf('S', lines)[0]).toBe('&quot; datei &quot;');
    expect(linesOf('H', lines)[0]).toContain('&quot;');
    expect(linesOf('C', lines)[0]).toBe('&quot;');
    expect(linesOf('D', lines)[0]).toContain('"');
    expect(linesOf('D', lines)[0]).not.toContain('&quot;');
  });
});

describe('interactive answers what comes before bad input, then refuses it', () => {
  const broken = Buffer.concat([
    Buffer.from('datei\noption\n'),
    Buffer.from([0x61, 0xff, 0x0a]),
    Buffer.from('datei\n'),
  ]);

  it.each([
    [
      'a line that is not UTF-8',
      broken,
      /line 3 is not valid UTF-8 at column 2 \(0xff, byte 2 of the line\); convert the file first/,
    ],
    [
      'a line that is too long',
      Buffer.from(`datei\noption\n${'x '.repeat(2000)}\ndatei\n`),
      /line 3 has 2001 tokens including <\/s>, but .* at most 1024; split it into sentences, or add --skip-invalid-size/,
    ],
  ])('%s', async (_, content, message) => {
    const { code, stdout, stderr } = await run(file('bad', content), ...SHORT, '--buffer-size', '4');
    expect(code).toBe(2);
    expect(linesOf('S', stdout.trimEnd().split('\n'))).toEqual(['datei', 'option']);
    const complaint = stderr.split('\n').filter((line) => line.startsWith('ts-fairseq: '));
    expect(complaint).toEqual([expect.stringMatching(message)]);
  });
});

describe('interactive refuses', () => {
  const single = file('one-word', 'two words\nalone\n');

  it.each<[string, string[], string]>([
    [
      'a batch beyond the buffer',
      ['--batch-size', '4', '--buffer-size', '2'],
      '--batch-size 4 is more than --buffer-size 2',
    ],
    ['a missing file', ['--input', 'nowhere'], 'nowhere cannot be read (it does not exist)'],
    ['more translations than the beam', ['--nbest', '9'], '--nbest 9 is more than --beam 5'],
    ['draws that are not all printed', ['--sampling'], 'with --sampling, --nbest 1 must equal --beam 5'],
    ['subwords without codes', ['--bpe', 'subword_nmt'], '--bpe subword_nmt requires --bpe-codes'],
    ['codes without subwords', ['--bpe-codes', codes], '--bpe-codes requires --bpe subword_nmt; add --bpe subword_nmt'],
    ['pieces without a model', ['--bpe', 'sentencepiece'], '--bpe sentencepiece requires --sentencepiece-model'],
    [
      'a model without pieces',
      ['--sentencepiece-model', 'spm.model'],
      '--sentencepiece-model requires --bpe sentencepiece; add --bpe sentencepiece',
    ],
    [
      'a model that is none',
      ['--bpe', 'sentencepiece', '--sentencepiece-model', codes],
      `${codes} is not a SentencePiece model`,
    ],
    ['an unknown scheme of subwords', ['--bpe', 'bpe'], "--bpe: unknown value 'bpe'; known: subword_nmt"],
    [
      'an alignment dictionary that is none',
      ['--replace-unk', single],
      `${single} line 2: "alone" is not "<source word>`,
    ],
    ['language models', ['--lm-path=lm.pt'], '--lm-path is not supported; the search does not use a language model'],
    ['references', ['--score-reference'], '--score-reference is not supported; lines have no references; use generate'],
    ['refinement', ['--iter-decode-max-iter', '3'], '--iter-decode-max-iter is not supported; models that refine'],
  ])('%s', async (_, argv, message) => {
    const { code, stdout, stderr } = await run(inputOf(['datei']), ...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
