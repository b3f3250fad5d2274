import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { defineCommand, type Invocation, runCommand } from '../../src/cli/command.js';
import { configValues, formatConfig } from '../../src/cli/options/config-file.js';
import { defineOptions } from '../../src/options/schema.js';
import { runCommandLine } from '../helpers/command-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();

const options = defineOptions({
  maxTokens: { kind: 'int', default: null, min: 1, help: 'tokens of a batch' },
  batchSize: { kind: 'int', default: null, help: 'sentences', aliases: ['--max-sentences'] },
  lr: { kind: 'numbers', default: [0.25], help: 'learning rate' },
  clipNorm: { kind: 'float', default: 0, help: 'largest norm' },
  sourceLang: { kind: 'string', default: null, help: 'source', aliases: ['-s'] },
  evalBleu: { kind: 'boolean', default: false, help: 'BLEU' },
  logEnd: { kind: 'float', default: 0.5, flag: 'log_end', help: 'LE' },
  removeBpe: { kind: 'choice', choices: ['@@ ', 'none'], bare: '@@ ', default: null, help: 'bpe' },
  inputs: { kind: 'strings', default: [], help: 'files' },
  criterion: { kind: 'string', default: 'cross_entropy', help: 'criterion' },
});

/** Runs a command with a configuration file. @returns what it was called with */
async function run(yaml: string, argv: readonly string[] = []): Promise<Invocation<typeof options>> {
  const path = join(folder, 'run.yaml');
  writeFileSync(path, yaml);
  let seen: Invocation<typeof options> | undefined;
  const command = defineCommand({
    name: 'try',
    description: 'Try.',
    options,
    unsupported: { '--num-shards': 'leave it out' },
    extend: async ({ criterion }) =>
      criterion === 'smoothed'
        ? [{ title: 'Criterion', schema: { labelSmoothing: { kind: 'float', default: 0, help: 'ε' } } }]
        : [],
    run: async (invocation) => {
      seen = invocation;
    },
  });
  await runCommand(command, ['--config', path, ...argv]);
  return seen!;
}

describe('--config FILE.yaml', () => {
  it.each([
    ['', [], { maxTokens: null, lr: [0.25] }],
    ['# nothing but a comment\n', [], { maxTokens: null }],
    ['max_tokens: 4096', [], { maxTokens: 4096 }],
    ['max-tokens: 4096', [], { maxTokens: 4096 }],
    ['max_tokens: "4096"', [], { maxTokens: 4096 }],
    ['max_sentences: 8', [], { batchSize: 8 }],
    ['lr: 5e-4', [], { lr: [5e-4] }],
    ['lr: [1e-3, 5e-4]', [], { lr: [1e-3, 5e-4] }],
    ['lr: 1e-3,5e-4', [], { lr: [1e-3, 5e-4] }],
    ['clip-norm: 1', [], { clipNorm: 1 }],
    ['source_lang: de', [], { sourceLang: 'de' }],
    ['source_lang: null', [], { sourceLang: null }],
    ['eval_bleu: true', [], { evalBleu: true }],
    ['eval_bleu: False', [], { evalBleu: false }],
    ['log_end: 0.75', [], { logEnd: 0.75 }],
    ['remove_bpe: true', [], { removeBpe: '@@ ' }],
    ['remove_bpe: none', [], { removeBpe: 'none' }],
    ['inputs: [a, b]', [], { inputs: ['a', 'b'] }],
    ['max_tokens: 4096', ['--max-tokens', '100'], { maxTokens: 100 }],
    ['batch_size: 4', ['--max-sentences', '8'], { batchSize: 8 }],
    ['criterion: smoothed\nlabel_smoothing: 0.1', [], { criterion: 'smoothed', labelSmoothing: 0.1 }],
    ['label_smoothing: 0.1', ['--criterion', 'smoothed'], { criterion: 'smoothed', labelSmoothing: 0.1 }],
    [
      'criterion: smoothed\nlabel_smoothing: 0.1',
      ['--label-smoothing', '0.2'],
      { criterion: 'smoothed', labelSmoothing: 0.2 },
    ],
  ])('reads %j with %j', async (yaml, argv, expected) => {
    expect((await run(yaml, argv)).all).toMatchObject(expected);
  });

  it('counts the values of a file as set, except null', async () => {
    const { explicitKeys } = await run('max_tokens: 10\nsource_lang: null', ['--lr', '1']);
    expect([...explicitKeys].filter((key) => key !== 'config').sort()).toEqual(['lr', 'maxTokens']);
  });

  it.each([
    ['max_tokens: many', /run\.yaml: max_tokens: 'many' is not a whole number; give one/],
    ['max_tokens: 1.5', /run\.yaml: max_tokens: '1\.5' is not a whole number/],
    ['max_tokens: 0', /run\.yaml: max_tokens: 0 is too small; the minimum is 1/],
    ['max_tokens: true', /run\.yaml: max_tokens: true is not a whole number/],
    ['max_tokens: [1]', /run\.yaml: max_tokens: \[1\] is not a whole number/],
    ['clip_norm: {a: 1}', /run\.yaml: clip_norm: \{"a":1\} is not a number/],
    ['clip_norm: null', /run\.yaml: clip_norm: null is not a number/],
    ['lr: [a]', /run\.yaml: lr: \["a"\] is not a number or a list of numbers/],
    ['eval_bleu: 3', /run\.yaml: eval_bleu: 3 is not true or false/],
    ['eval_bleu: maybe', /run\.yaml: eval_bleu: 'maybe' is neither True nor False/],
    ['source_lang: 7', /run\.yaml: source_lang: 7 is not text/],
    ['remove_bpe: nine', /run\.yaml: remove_bpe: unknown value 'nine'; did you mean 'none'\?/],
    ['inputs: [1]', /run\.yaml: inputs: \[1\] is not text or a list of texts/],
    ['max_toknes: 1', /run\.yaml: unknown option '--max-toknes'; did you mean '--max-tokens'\?/],
    ['label_smoothing: 0.1', /run\.yaml: unknown option '--label-smoothing'/],
    ['num_shards: 2', /run\.yaml: --num-shards is not supported; leave it out/],
    ['config: other.yaml', /run\.yaml: unknown option '--config'/],
    ['__proto__: 1', /run\.yaml: unknown option/],
    [
      'batch_size: 1\nmax_sentences: 2',
      /run\.yaml: batch_size and max_sentences are the same option; remove one of them/,
    ],
    ['lr: 1\nlr: 2', /run\.yaml: Map keys must be unique at line 2, column 1; write one/],
    ['lr: [1', /run\.yaml: .* at line 1, column \d+; write one/],
    ['- lr', /run\.yaml is not a list of names with values; write one/],
    ['lr: !!python/tuple [1]', /run\.yaml: Unresolved tag: .* at line 1, column 5; write one/],
  ])('refuses %j in one line', async (yaml, message) => {
    await expect(run(yaml)).rejects.toThrow(message);
    await expect(run(yaml)).rejects.toMatchObject({ name: 'UserError', message: expect.not.stringContaining('\n') });
  });

  it('names a file that is not there and leaves with code 2', async () => {
    const path = join(folder, 'none.yaml');
    const { code, stderr } = await runCommandLine(['train', 'data', '--config', path]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `ts-fairseq: ${path} cannot be read (it does not exist); check the path\n`,
    });
  });

  it('names the line and the column of bytes that are not UTF-8, and leaves with code 2', async () => {
    const path = join(folder, 'latin1.yaml');
    const bytes = Buffer.concat([Buffer.from('# ä\r\nlr: 1\ntarget_lang: ä'), Buffer.from('\xe4\n', 'latin1')]);
    writeFileSync(path, bytes);
    const { code, stdout, stderr } = await runCommandLine(['train', 'data', '--config', path]);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr:
        `ts-fairseq: ${path} line 3 is not valid UTF-8 at column 15 (0xe4, byte 16 of the line); ` +
        'convert the file first, e.g. iconv -f ISO-8859-1 -t UTF-8\n',
    });
  });

  it.each(['train', 'validate', 'generate', 'preprocess', 'score', 'average-checkpoints', 'tokenize'])(
    'is an option of %s',
    async (name) => {
      expect((await runCommandLine([name, '--help'])).stdout).toMatch(/^ +--config <FILE> /m);
    },
  );
});

describe('a configuration that is written out', () => {
  // −0 comes back as 0.
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
  const values = fc.record({
    maxTokens: fc.option(fc.integer({ min: 1 })),
    batchSize: fc.option(fc.integer()),
    lr: fc.array(number, { minLength: 1 }),
    clipNorm: number,
    sourceLang: fc.option(fc.string()),
    evalBleu: fc.boolean(),
    logEnd: number,
    removeBpe: fc.constantFrom(null, '@@ ', 'none'),
    inputs: fc.array(fc.string()),
    criterion: fc.string({ unit: 'grapheme' }),
  });

  it('returns the same options', async () => {
    await fc.assert(
      fc.asyncProperty(values, async (expected) => {
        const entries = new Map(Object.entries(parse(await formatConfig(options, expected)) as object));
        expect(configValues({ path: 'x', entries }, options)).toEqual(expected);
      }),
    );
  });

  it('is written next to the checkpoints of train and repeats the training', async () => {
    const data = await makeToyData(folder);
    const first = join(folder, 'first');
    const second = join(folder, 'second');
    const flags = '--arch transformer_tiny --max-tokens 100 --max-epoch 1 --lr 1e-3 --cpu --encoder-layers 1';
    const train = ['train', data, ...flags.split(' '), '--criterion', 'label_smoothed_cross_entropy'];
    const outcome = await runCommandLine([...train, '--label-smoothing', '0.2', '--save-dir', first]);
    expect(outcome).toMatchObject({ code: 0 });
    const config = join(first, 'config.yaml');
    expect(parse(readFileSync(config, 'utf8'))).toMatchObject({
      arch: 'transformer_tiny',
      encoder_layers: 1,
      encoder_embed_dim: 64,
      label_smoothing: 0.2,
      lr: [1e-3],
      save_dir: first,
    });
    expect(await runCommandLine(['train', data, '--config', config, '--save-dir', second])).toMatchObject({ code: 0 });
    expect(readdirSync(second).sort()).toEqual(readdirSync(first).sort());
    const weights = [first, second].map((run) => readFileSync(join(run, 'checkpoint_last.safetensors')));
    expect(weights[1]!.equals(weights[0]!)).toBe(true);
  });

  it('is not left behind by a command that fails', async () => {
    const run = join(folder, 'failed');
    const { code } = await runCommandLine(['train', join(folder, 'no-data'), '--max-tokens', '10', '--save-dir', run]);
    expect(code).toBe(2);
    expect(readdirSync(folder)).not.toContain('failed');
  });
});
