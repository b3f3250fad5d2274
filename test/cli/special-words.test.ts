import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../helpers/command-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** Lines that hold the special tokens as words, at every place. */
const SOURCES = ['a b c', '<pad> a <unk>', 'a <pad> b </s>', '</s> a <s> b', 'b <pad>', '<pad>', 'a b c d e f'];
const TARGETS = ['X Y', 'X <pad> Y', '<pad> X', 'X </s> Y Z', 'X <s> Y <pad>', '<pad>', '<unk> X </s> <pad> Y'];

/** What is printed of a line: as fairseq prints it, without `<s>`, `<pad>` and `</s>`. */
const printed = (line: string): string =>
  line
    .split(' ')
    .filter((word) => !['<s>', '<pad>', '</s>'].includes(word))
    .join(' ');

const TINY = [
  ...['--encoder-embed-dim', '8', '--encoder-ffn-embed-dim', '8', '--encoder-layers', '1', '--decoder-layers', '1'],
  ...['--encoder-attention-heads', '2', '--decoder-attention-heads', '2'],
];

const folder = temporaryFolder();
const data = join(folder, 'bin');
const checkpoint = join(folder, 'checkpoints', 'checkpoint_last');
const run = async (...argv: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runCommandLine(argv);
  expect(code, stderr).toBe(0);
  return `${stdout}${stderr}`;
};

beforeAll(async () => {
  const prefix = join(folder, 'text');
  writeFileSync(`${prefix}.xx`, `${SOURCES.join('\n')}\n`);
  writeFileSync(`${prefix}.yy`, `${TARGETS.join('\n')}\n`);
  const texts = ['--trainpref', prefix, '--validpref', prefix, '--testpref', prefix];
  await run('preprocess', '-s', 'xx', '-t', 'yy', ...texts, '--destdir', data);
  const training = [
    '--max-tokens',
    '60',
    '--max-epoch',
    '2',
    '--lr',
    '0.001',
    '--save-dir',
    join(folder, 'checkpoints'),
  ];
  await run('train', data, ...TINY, ...training, '--eval-bleu', '--eval-bleu-args', '{"max_len_b": 5}');
}, 60_000);

/** `generate`'s lines of a kind, by the number of their sentence. */
async function generated(...argv: string[]): Promise<(kind: string) => string[]> {
  const options = ['--path', checkpoint, '--max-len-b', '8', '--beam', '2', '--results-path', folder];
  await run('generate', data, ...options, ...argv);
  const lines = readFileSync(join(folder, 'generate-test.txt'), 'utf8').split('\n');
  return (kind) =>
    SOURCES.map((_, id) =>
      lines
        .find((line) => line.startsWith(`${kind}-${id}\t`))!
        .split('\t')
        .at(-1)!
        .trim(),
    );
}

describe('special tokens as words of a text', () => {
  it('are trained on and validated with a finite loss', async () => {
    const metrics = await run('validate', data, '--path', checkpoint, '--max-tokens', '60');
    expect(metrics).toMatch(/loss \d+\.\d+/);
  });

  it('leave the reference the same when it is scored', async () => {
    const of = await generated('--score-reference');
    expect(of('T')).toEqual(TARGETS.map(printed).map((line) => line.replace('<unk>', '<<unk>>')));
    expect(of('H')).toEqual(TARGETS.map(printed));
    expect(of('S')).toEqual(SOURCES.map(printed));
    const words = TARGETS.map((line) => line.split(' ').filter((word) => word !== '<pad>').length);
    expect(of('P').map((scores) => scores.split(' ').length)).toEqual(words.map((count) => count + 1));
  });

  it('are part of the prefix of an output, except <pad>', async () => {
    const hypotheses = (await generated('--prefix-size', '3'))('H');
    TARGETS.forEach((target, id) => {
      const prefix = target.split(' ').filter((word) => word !== '<pad>');
      expect(hypotheses[id]!.startsWith(printed(prefix.slice(0, 3).join(' '))), target).toBe(true);
    });
  });

  it('leave an output within --max-len-b where the prefix is longer', async () => {
    const scores = (await generated('--prefix-size', '5', '--max-len-b', '2'))('P');
    expect(scores.map((line) => line.split(' ').length <= 3)).toEqual(SOURCES.map(() => true));
  });

  it('are counted by the pairs of an alignment', async () => {
    const soft = (await generated('--print-alignment', 'soft'))('A');
    expect(soft.map((line) => line.split(' ')[0]!.split(',').length)).toEqual(
      SOURCES.map((line) => line.split(' ').length + 1),
    );
    const hard = (await generated('--print-alignment', '--score-reference'))('A');
    const places = hard.map((line) => [...line.matchAll(/(\d+)-/g)].map(([, place]) => Number(place)));
    for (const [id, words] of SOURCES.map((line) => line.split(' ')).entries()) {
      for (const place of places[id]!) expect(words[place]).not.toMatch(/^(<pad>|<\/s>|undefined)$/);
    }
  });

  it('are translated line by line, and cannot be phrases of an output', async () => {
    const input = join(folder, 'lines');
    writeFileSync(input, SOURCES.map((line) => `${line}\n`).join(''));
    const options = ['--path', checkpoint, '--input', input, '--max-len-b', '4', '--beam', '2'];
    const answers = await run('interactive', data, ...options);
    expect([...answers.matchAll(/^S-\d+\t(.*)$/gm)].map(([, line]) => line)).toEqual(SOURCES.map(printed));
    expect([...answers.matchAll(/^H-\d+\t/gm)]).toHaveLength(SOURCES.length);
    writeFileSync(input, 'a b\tX\na b\t<pad>\na b\tX </s> Y\n');
    const constrained = await run('interactive', data, ...options, '--constraints');
    expect([...constrained.matchAll(/^H-(\d+)\t\S+\t(.*)$/gm)].map(([, id]) => id)).toEqual(['0']);
  });
});
