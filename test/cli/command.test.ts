import { describe, expect, it } from 'vitest';
import { defineCommand, helpText, type Invocation, runCommand } from '../../src/cli/command.js';
import { UserError } from '../../src/errors.js';
import { defineOptions } from '../../src/options/schema.js';

const options = defineOptions({
  maxTokens: { kind: 'int', default: null, help: 'tokens of a batch', min: 1 },
  lr: { kind: 'numbers', default: [0.25], help: 'learning rate' },
  adamBetas: { kind: 'numbers', default: [0.9, 0.999], help: 'betas' },
  batchSize: { kind: 'int', default: null, help: 'sentences', aliases: ['--max-sentences'] },
  sourceLang: { kind: 'string', default: null, help: 'source', aliases: ['-s'] },
  noProgressBar: { kind: 'boolean', default: false, help: 'no bar' },
  leftPadSource: { kind: 'boolean', default: true, takesValue: true, help: 'pad left' },
  removeBpe: {
    kind: 'choice',
    choices: ['subword_nmt', 'sentencepiece'],
    bare: 'subword_nmt',
    default: null,
    help: 'bpe',
  },
  bonusGamma: { kind: 'int', default: 0, flag: 'bonus_gamma', help: 'γ' },
  weightDecay: { kind: 'float', default: 0, help: 'decay' },
  inputs: { kind: 'strings', default: [], help: 'files' },
  criterion: { kind: 'string', default: 'cross_entropy', help: 'criterion' },
});

async function run(argv: string[], args = [{ name: 'data', help: 'data folder', optional: true }]) {
  let seen: Invocation<typeof options> | undefined;
  const command = defineCommand({
    name: 'try',
    description: 'Try.',
    arguments: args,
    options,
    extend: async ({ criterion }) =>
      criterion === 'encouraging'
        ? [
            {
              title: 'Criterion',
              schema: { logEnd: { kind: 'float', default: 0.5, help: 'LE', min: 0, max: 1 } },
              defaults: { logEnd: 0.75 },
            },
          ]
        : [],
    run: async (invocation) => {
      seen = invocation;
    },
  });
  await runCommand(command, argv);
  return seen!;
}

describe('the command line', () => {
  it.each([
    [[], { maxTokens: null, lr: [0.25], noProgressBar: false, leftPadSource: true, inputs: [] }],
    [['--max-tokens', '4096'], { maxTokens: 4096 }],
    [['--lr', '5e-3'], { lr: [5e-3] }],
    [['--lr', '1e-3,5e-4'], { lr: [1e-3, 5e-4] }],
    [['--adam-betas', '(0.9, 0.98)'], { adamBetas: [0.9, 0.98] }],
    [['--max-sentences', '8'], { batchSize: 8 }],
    [['--max-sentences', '8', '--batch-size', '40'], { batchSize: 40 }],
    [['--batch-size', '40', '--max-sentences', '8'], { batchSize: 8 }],
    [['--max-sentences', '8', '--batch-size', '40', '--max-sentences', '9'], { batchSize: 9 }],
    [['-s', 'de'], { sourceLang: 'de' }],
    [['--no-progress-bar'], { noProgressBar: true }],
    [['--left-pad-source', 'False'], { leftPadSource: false }],
    [['--left-pad-source=True'], { leftPadSource: true }],
    [['--remove-bpe'], { removeBpe: 'subword_nmt' }],
    [['--remove-bpe', 'sentencepiece'], { removeBpe: 'sentencepiece' }],
    [['--remove-bpe=sentencepiece'], { removeBpe: 'sentencepiece' }],
    [['--bonus_gamma', '-1'], { bonusGamma: -1 }],
    [['--inputs', 'a', 'b', '--lr', '1'], { inputs: ['a', 'b'], lr: [1] }],
  ])('reads %j', async (argv, expected) => {
    expect((await run(argv)).options).toMatchObject(expected);
  });

  it('reports which options were set, so that they override a checkpoint', async () => {
    expect([...(await run(['data', '--max-sentences', '8', '--lr', '0.25'])).explicitKeys].sort()).toEqual([
      'batchSize',
      'lr',
    ]);
  });

  it('adds the options of the chosen plug-in with its own defaults', async () => {
    expect((await run(['--criterion', 'encouraging'])).all).toMatchObject({ logEnd: 0.75 });
    expect((await run(['--log-end', '0.9', '--criterion', 'encouraging'])).all).toMatchObject({ logEnd: 0.9 });
  });

  it.each([
    [['--max-tokens', '40x'], "--max-tokens: '40x' is not a whole number"],
    [['--max-tokens', '0'], '--max-tokens: 0 is too small'],
    [['--weight-decay', 'nan'], "--weight-decay: 'nan' is not a number"],
    [['--lr', '1e-3,,2'], "--lr: '' is not a number"],
    [['--left-pad-source', 'maybe'], "--left-pad-source: 'maybe' is neither True nor False"],
    [['--remove-bpe', 'subwordnmt'], "did you mean 'subword_nmt'?"],
    [['--max-token', '4'], "unknown option '--max-token'; did you mean '--max-tokens'?"],
    [['--log-end', '0.5'], "unknown option '--log-end'"],
    [['--max-tokens'], "option '--max-tokens <N>' argument missing"],
    [['a', 'b'], "unexpected argument 'b'; see "],
  ])('refuses %j in one line', async (argv, message) => {
    const error = await run(argv).catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toContain(message);
    expect((error as UserError).message).not.toContain('\n');
  });

  it('refuses a missing argument', async () => {
    await expect(run([], [{ name: 'data', help: 'data folder', optional: false }])).rejects.toThrow(
      "missing required argument 'data'",
    );
  });

  it('shows every option with its default, grouped by plug-in', () => {
    const definition = defineCommand({ name: 'try', description: 'Try.', options, run: async () => {} });
    const help = helpText(definition as never, [
      { title: 'Criterion encouraging', schema: { logEnd: { kind: 'float', default: 0.5, help: 'LE' } } },
    ]);
    expect(help).toContain('--lr <X,…>');
    expect(help).toContain('(default: 0.25)');
    expect(help).toContain('Criterion encouraging:');
    expect(help).toContain('also: --max-sentences');
    expect(help).not.toMatch(/^ {2}--max-sentences/m);
  });
});
