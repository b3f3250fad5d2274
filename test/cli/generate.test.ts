import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../helpers/command-line.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData, referenceTask } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const results = join(folder, 'made', 'results');

let checkpoint: string;
beforeAll(() => {
  checkpoint = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
});

/** Translates with few and short outputs. @returns the lines of the results file and the log */
async function generate(data: string, ...argv: string[]): Promise<{ lines: string[]; log: string }> {
  const short = ['--beam', '2', '--max-len-b', '4', '--path', checkpoint, '--results-path', results];
  const { code, stderr } = await runCommandLine(['generate', data, ...short, ...argv]);
  expect(code, stderr).toBe(0);
  expect(readdirSync(results)).toEqual(['generate-test.txt']);
  return { lines: readFileSync(join(results, 'generate-test.txt'), 'utf8').trimEnd().split('\n'), log: stderr };
}

describe('generate', () => {
  it('prints sentences in the order of the data', async () => {
    const { lines } = await generate(goldenData, '--batch-size', '7');
    const ids = lines.filter((line) => line.startsWith('S-')).map((line) => Number(/\d+/.exec(line)));
    expect(ids).toEqual(Array.from({ length: 60 }, (_, id) => id));
  });

  it('prints the scores only with --quiet, sacreBLEU always with its signature', async () => {
    const { lines } = await generate(goldenData, '--quiet', '--remove-bpe');
    expect(lines).toEqual([
      expect.stringMatching(/^Generate test with beam=2: BLEU4 = /),
      expect.stringMatching(/^BLEU\|nrefs:1\|case:mixed\|eff:no\|tok:13a\|smooth:exp\|version:2\.6\.0 = /),
    ]);
  });

  it('prints one line of scores with --sacrebleu', async () => {
    const { lines } = await generate(goldenData, '--quiet', '--sacrebleu');
    expect(lines).toEqual([expect.stringMatching(/^Generate test with beam=2: BLEU\|nrefs:1/)]);
  });

  it.each([
    ['chrf', /^Generate test with beam=2: chrF2\|nrefs:1\|case:mixed\|.*version:2\.6\.0 = \d+\.\d\d$/],
    ['ter', /^Generate test with beam=2: TER\|nrefs:1\|case:lc\|tok:tercom\|.*version:2\.6\.0 = \d+\.\d\d$/],
  ])('prints --scoring %s, then sacreBLEU', async (scoring, line) => {
    const { lines } = await generate(goldenData, '--quiet', '--remove-bpe', '--scoring', scoring);
    expect(lines).toEqual([expect.stringMatching(line), expect.stringMatching(/^BLEU\|nrefs:1/)]);
  });

  it('translates an empty line of the text to an empty line', async () => {
    const text = join(folder, 'with-empty');
    writeFileSync(`${text}.de`, 'datei\n\ndie datei ist\n');
    writeFileSync(`${text}.en`, 'file\n\nthe file is\n');
    const data = join(folder, 'with-empty-bin');
    const dictionary = join(goldenData, 'dict.de.txt');
    const argv = ['-s', 'de', '-t', 'en', '--testpref', text, '--srcdict', dictionary, '--joined-dictionary'];
    const { code, stderr } = await runCommandLine(['preprocess', ...argv, '--destdir', data]);
    expect(code, stderr).toBe(0);
    const { lines } = await generate(data, '--nbest', '2');
    expect(lines.filter((line) => /^[HP]-1\t/.test(line))).toEqual(['H-1\t0.0\t', 'P-1\t0.0000']);
    expect(lines.filter((line) => line.startsWith('H-2\t'))).toHaveLength(2);
    // What is given is scored as it was.
    const scored = await generate(data, '--score-reference');
    expect(scored.lines.find((line) => line.startsWith('P-1\t'))).not.toBe('P-1\t0.0000');
  });

  it('prints the n best', async () => {
    const { lines } = await generate(goldenData, '--nbest', '2');
    expect(lines.filter((line) => line.startsWith('H-0\t'))).toHaveLength(2);
  });

  it('prints attention that sums to one over the source for every token', async () => {
    const { lines } = await generate(goldenData, '--print-alignment', 'soft');
    const valuesOf = (kind: string): string =>
      lines
        .find((line) => line.startsWith(`${kind}-0\t`))!
        .split('\t')
        .at(-1)!;
    const rows = valuesOf('A')
      .split(' ')
      .map((row) => row.split(',').map(Number));
    expect(rows).toHaveLength(valuesOf('P').split(' ').length);
    for (const row of rows) {
      expect(row).toHaveLength(valuesOf('S').split(' ').length + 1);
      expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 4);
    }
  });

  it('aligns the references too', async () => {
    const { lines } = await generate(goldenData, '--score-reference', '--print-alignment');
    const [reference, alignment] = ['T-0\t', 'A-0\t'].map((prefix) => lines.find((line) => line.startsWith(prefix))!);
    expect(alignment!.split(' ')).toHaveLength(reference!.split(' ').length);
  });

  it('logs how far it is every --log-interval batches, its speed and its memory', async () => {
    const { log } = await generate(goldenData, '--batch-size', '8', '--log-interval', '3', '--quiet');
    expect(log).toContain(' | test: 60 sentences, 8 batches\n');
    expect(log.match(/translated \d+ of \d+ batches/g)).toEqual([
      'translated 3 of 8 batches',
      'translated 6 of 8 batches',
    ]);
    expect(log).toMatch(
      / \| Translated 60 sentences \(\d+ tokens\) in [\d.]+s \([\d.]+ sentences\/s, [\d.]+ tokens\/s\)\n/,
    );
    expect(log).toMatch(/ \| peak resident memory \d\.\d\d GiB\n/);
  });

  it('takes options of the model from --model-overrides', async () => {
    const { lines } = await generate(goldenData, '--quiet');
    const overridden = await generate(goldenData, '--quiet', '--model-overrides', '{"no_scale_embedding": true}');
    expect(overridden.lines).not.toEqual(lines);
  });
});

describe('generate in parts', () => {
  it('distributes the batches to --num-shards processes', async () => {
    const ids = (lines: readonly string[]): number[] =>
      lines.filter((line) => line.startsWith('S-')).map((line) => Number(/\d+/.exec(line)));
    const parts: number[][] = [];
    for (const shard of ['0', '1', '2']) {
      const { lines } = await generate(goldenData, '--batch-size', '8', '--num-shards', '3', '--shard-id', shard);
      parts.push(ids(lines));
    }
    expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, id) => id));
    // Eight batches: 8 sentences in each but the last one.
    expect(parts.map((part) => part.length)).toEqual([24, 20, 16]);
  });
});

describe('generate', () => {
  it('writes what an alignment dictionary has for <unk>, and scores that', async () => {
    const { sourceDictionary } = referenceTask();
    const dictionary = join(folder, 'align');
    const words = Array.from({ length: sourceDictionary.size }, (_, id) => sourceDictionary.symbol(id));
    writeFileSync(dictionary, words.map((word) => `${word} \u00d8\n`).join(''));
    const plain = await generate(goldenData, '--unkpen', '-100');
    const replaced = await generate(goldenData, '--unkpen', '-100', '--replace-unk', dictionary);
    const texts = ({ lines }: { lines: readonly string[] }) =>
      lines.filter((line) => line.startsWith('H-')).map((line) => line.split('\t')[2]!);
    expect(texts(replaced)).toEqual(texts(plain).map((line) => line.replaceAll('<unk>', '\u00d8')));
    expect(texts(plain).join('\n')).toContain('<unk>');
  });

  it('detokenizes S-, T- and D- lines, but scores tokens', async () => {
    const plain = await generate(goldenData, '--max-len-b', '9');
    const moses = await generate(goldenData, '--max-len-b', '9', '--tokenizer', 'moses');
    const beginning = (kind: string, lines: readonly string[]) =>
      lines.filter((line) => line.startsWith(kind)).join('\n');
    expect(beginning('H-', moses.lines)).toBe(beginning('H-', plain.lines));
    for (const kind of ['S-', 'T-', 'D-']) {
      expect(beginning(kind, plain.lines)).toContain('&apos;');
      expect(beginning(kind, moses.lines)).not.toContain('&apos;');
    }
    expect(beginning('Generate', moses.lines)).toBe(beginning('Generate', plain.lines));
    expect(beginning('BLEU', moses.lines)).not.toBe(beginning('BLEU', plain.lines));
  });

  it.each([
    [['--constraints'], '--constraints requires phrases, which a split does not have; use interactive'],
    [
      ['--num-shards', '2', '--shard-id', '2'],
      '--shard-id 2 is not less than --num-shards 2; shards are numbered from 0',
    ],
    [['--sampling'], 'with --sampling, --nbest 1 must equal --beam 5'],
    [['--lm-path', 'lm.pt'], '--lm-path is not supported; the search does not use a language model'],
    [['--print-step'], '--print-step is not supported; models that refine whole outputs are not supported'],
  ])('refuses %j', async (argv, message) => {
    const { code, stdout, stderr } = await runCommandLine(['generate', goldenData, '--path', checkpoint, ...argv]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('draws the same with the same seed, whatever the batches', async () => {
    const sample = async (...argv: string[]) =>
      (await generate(goldenData, '--sampling', '--sampling-topk', '5', '--nbest', '2', ...argv)).lines.filter((line) =>
        line.startsWith('H-'),
      );
    const texts = (lines: readonly string[]) => lines.map((line) => line.split('\t')[2]);
    const drawn = texts(await sample('--batch-size', '60'));
    expect(texts(await sample('--batch-size', '16'))).toEqual(drawn);
    expect(texts(await sample('--batch-size', '16', '--seed', '2'))).not.toEqual(drawn);
  });
});

describe('a split without references', () => {
  const data = join(folder, 'sources');
  beforeAll(() => {
    cpSync(goldenData, data, { recursive: true });
    for (const ending of ['bin', 'idx']) rmSync(join(data, `test.de-en.en.${ending}`));
  });

  it('is translated, without T- lines and scores', async () => {
    const { lines } = await generate(data);
    expect(new Set(lines.map((line) => line.slice(0, 2)))).toEqual(new Set(['S-', 'H-', 'D-', 'P-']));
  });

  it.each(['--score-reference', '--prefix-size=1'])('has nothing for %s', async (flag) => {
    const { code, stderr } = await runCommandLine(['generate', data, '--path', checkpoint, flag]);
    expect(code).toBe(2);
    expect(stderr).toContain('test has no references, which --prefix-size and --score-reference require');
  });
});
