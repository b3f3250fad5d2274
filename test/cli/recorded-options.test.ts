import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import type { CheckpointMetadata } from '../../src/checkpoint/metadata.js';
import { hashDictionary } from '../../src/data/dictionary-file.js';
import { UserError } from '../../src/errors.js';
import { Translator } from '../../src/index.js';
import { saveAsFairseq } from '../helpers/fairseq-file.js';
import { goldenData, goldenWeights, REFERENCE_OPTIONS, referenceTask } from '../helpers/reference-model.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const { sourceDictionary, targetDictionary } = referenceTask();

const metadata: CheckpointMetadata = {
  version: 'test',
  task: 'translation',
  arch: 'transformer',
  options: {
    ...REFERENCE_OPTIONS,
    arch: 'transformer',
    criterion: 'label_smoothed_cross_entropy',
    labelSmoothing: 0.1,
  },
  languages: { source: 'de', target: 'en' },
  dictionaries: { de: hashDictionary(sourceDictionary), en: hashDictionary(targetDictionary) },
  training: {
    epoch: 1,
    updates: 3,
    iterator: { epoch: 1, iterationsInEpoch: 1, shuffle: true },
    bestMetric: null,
    earlyStopping: { best: null, validationsSince: 0 },
    seed: 1,
    meters: { train: {}, train_inner: {} },
  },
  machine: null,
};

type Options = Record<string, unknown>;

/** Saves the golden model with other options; undefined leaves one out. @returns the stem, or the `.pt` */
function save(options: Options, format: 'ours' | 'fairseq' = 'ours', rest: Partial<CheckpointMetadata> = {}): string {
  const stem = join(mkdtempSync(at('checkpoint-')), format === 'ours' ? 'c' : 'c.pt');
  const checkpoint = {
    metadata: { ...metadata, ...rest, options: { ...metadata.options, ...options } },
    weights: goldenWeights('trained'),
    optimizer: null,
  };
  if (format === 'ours') saveCheckpoint(stem, checkpoint);
  else saveAsFairseq(stem, checkpoint);
  return stem;
}

const MODEL =
  '--encoder-embed-dim 64 --encoder-ffn-embed-dim 128 --encoder-layers 2 --decoder-layers 2 ' +
  '--encoder-attention-heads 4 --decoder-attention-heads 4 --share-all-embeddings --dropout 0';
const TRAIN = `train ${goldenData} -s de -t en ${MODEL} --max-tokens 2000 --max-update 4 --lr 1e-3 --no-save --log-format none`;
const LINE = at('line');

/** Every command that opens a checkpoint. */
const COMMANDS: Readonly<Record<string, (checkpoint: string) => string>> = {
  interactive: (checkpoint) => `interactive ${goldenData} --path ${checkpoint} --input ${LINE} --log-format none`,
  generate: (checkpoint) => `generate ${goldenData} --path ${checkpoint} --log-format none --results-path ${at('out')}`,
  validate: (checkpoint) => `validate ${goldenData} --path ${checkpoint} --max-tokens 2000 --log-format none`,
  'train --restore-file': (checkpoint) => `${TRAIN} --restore-file ${checkpoint} --reset-optimizer`,
  'train --finetune-from-model': (checkpoint) =>
    `${TRAIN} --finetune-from-model ${checkpoint} --save-dir ${at('none')}`,
  'average-checkpoints': (checkpoint) => `average-checkpoints --inputs ${checkpoint} --output ${at('averaged')}`,
  convert: (checkpoint) => `convert ${checkpoint} ${at('converted')}`,
};

const run = (command: string, checkpoint: string) => runMain(...COMMANDS[command]!(checkpoint).split(' '));

/** Runs a command on a checkpoint that it refuses in one line. @returns the line */
async function refusal(command: string, checkpoint: string): Promise<string> {
  const before = readdirSync(folder);
  const { code, stdout, stderr } = await run(command, checkpoint);
  const error = stderr.replace(/^\d.* \| INFO \| .*\n/gm, '');
  expect(error).toMatch(/^ts-fairseq: [^\n]+\n$/);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(readdirSync(folder)).toEqual(before);
  return error;
}

beforeAll(() => writeFileSync(LINE, 'ein haus\n'));

const ABSURD: [name: string, options: Options, says: RegExp][] = [
  ['too many layers', { encoderLayers: 1e9 }, /lacks the parameter encoder\.layers\.2\./],
  [
    'more layers than an array has room for',
    { decoderLayers: 2 ** 53 - 1 },
    /lacks the parameter decoder\.layers\.2\./,
  ],
  ['too few layers', { encoderLayers: 1 }, /has the parameter encoder\.layers\.1\./],
  ['an inner width of other tensors', { encoderFfnEmbedDim: 1e9 }, /fc1\.weight is \[128, 64\].*\[1000000000, 64\]/],
  ['a width of other tensors', { encoderEmbedDim: 1e9, decoderEmbedDim: 1e9 }, /embed_tokens.* is \[648, 64\] in/],
  ['learned positions that it lacks', { encoderLearnedPos: true }, /lacks the parameter encoder\.embed_positions/],
  ['a norm that it lacks', { decoderNormalizeBefore: true }, /lacks the parameter decoder\.layer_norm\.weight/],
  ['positions without end', { maxTargetPositions: 1e9 }, /positions of width 64 are a table of 238 GiB/],
  ['negative positions', { maxTargetPositions: -5 }, /--max-target-positions: -5 is too small/],
  ['positions that are no number of them', { maxSourcePositions: 1e308 }, /--max-source-positions: '1e\+308' is not/],
  ['no heads', { encoderAttentionHeads: 0 }, /--encoder-attention-heads: 0 is too small/],
  [
    'heads that do not divide',
    { decoderAttentionHeads: 7 },
    /\/c.*: --decoder-embed-dim 64 is not a multiple of --decoder-attention-heads 7/,
  ],
  ['a number for a name', { activationFn: 7 }, /--activation-fn 7, which is not one of its choices/],
  ['an unknown name', { activationFn: 'reluu' }, /--activation-fn: unknown value 'reluu'/],
  ['text for a number', { dropout: 'x' }, /--dropout: 'x' is not a number/],
  ['a dropout of more than all', { attentionDropout: 2 }, /--attention-dropout: 2 is too large/],
  ['text for a truth value', { encoderNormalizeBefore: 'perhaps' }, /--encoder-normalize-before: 'perhaps' is neither/],
  ['a list for a truth value', { shareAllEmbeddings: [1] }, /--share-all-embeddings \[1\], which is not True or False/],
  ['a list for a number', { encoderLayers: [2] }, /--encoder-layers \[2\], which is not a whole number/],
  ['a truth value for a number', { encoderLayers: true }, /--encoder-layers true, which is not a whole number/],
  ['a fraction for a count', { encoderLayers: 2.5 }, /--encoder-layers: '2\.5' is not a whole number/],
  ['a number for where padding stands', { leftPadSource: 3 }, /--left-pad-source: '3' is neither True nor False/],
];

/** What fairseq's files do not say: there a value that is null is left out, and options are as its models have them. */
const ABSURD_OF_OURS: typeof ABSURD = [
  ['null for a width', { encoderFfnEmbedDim: null }, /--encoder-ffn-embed-dim null, which is not a whole number/],
  ['null for a name', { activationFn: null }, /--activation-fn null, which is not one of its choices/],
  ['an object for a number', { dropout: { a: 1 } }, /--dropout \{"a":1\}, which is not a number/],
  ['no number of heads', { encoderAttentionHeads: undefined }, /does not record the option encoderAttentionHeads/],
  [
    'a second architecture',
    { arch: 'transformer_tiny' },
    /records two architectures, transformer and transformer_tiny/,
  ],
  ['a number for a criterion', { criterion: 5 }, /the metadata of .*c\.safetensors is damaged/],
];

describe.each(Object.keys(COMMANDS))('%s refuses in one line', (command) => {
  it.each([...ABSURD, ...ABSURD_OF_OURS])('a checkpoint that records %s', async (_, options, says) => {
    expect(await refusal(command, save(options))).toMatch(says);
  });

  it.each<[string, Record<string, unknown>]>([
    ['an architecture that is no name', { arch: 5 }],
    ['languages that are numbers', { languages: { source: 1, target: 2 } }],
    ['options that are a list', { options: [] }],
    ['a state of training without an epoch', { training: { ...metadata.training, epoch: 'x' } }],
  ])('metadata with %s', async (_, rest) => {
    const stem = at('metadata');
    saveCheckpoint(stem, {
      metadata: { ...metadata, ...rest } as CheckpointMetadata,
      weights: goldenWeights('trained'),
      optimizer: null,
    });
    expect(await refusal(command, stem)).toContain('the metadata of');
  });
});

describe.each(['interactive', 'validate', 'train --restore-file', 'convert'])('%s refuses in one line', (command) => {
  it.each(ABSURD)("a checkpoint of fairseq's that records %s", async (_, options, says) => {
    expect(await refusal(command, save(options, 'fairseq'))).toMatch(says);
  });
});

describe('an architecture that is not known here', () => {
  it.each(['interactive', 'generate', 'validate'])('is refused by %s, which says what to add', async (command) => {
    const checkpoint = save({ arch: undefined }, 'ours', { arch: 'mine' });
    expect(await refusal(command, checkpoint)).toMatch(/trained with the arch 'mine', which is unknown.*--user-dir/);
  });

  it.each(['average-checkpoints', 'convert'])('may be that of a plug-in for %s', async (command) => {
    const checkpoint = save({ arch: undefined, encoderLayers: 'many' }, 'ours', { arch: 'mine' });
    expect(await run(command, checkpoint)).toMatchObject({ code: 0 });
  });
});

describe('validate refuses what only it uses', () => {
  it.each<[string, Options, RegExp]>([
    ['an unknown criterion', { criterion: 'mine' }, /trained with the criterion 'mine', which is unknown.*--user-dir/],
    [
      'no criterion',
      { criterion: undefined },
      /does not record the criterion that it was trained with; choose one with --criterion/,
    ],
    ['an option of the criterion that is none', { labelSmoothing: 'x' }, /--label-smoothing: 'x' is not a number/],
    ['an option of the loss that is none', { ignorePrefixSize: -1 }, /--ignore-prefix-size: -1 is too small/],
  ])('%s; generate goes without it', async (_, options, says) => {
    const checkpoint = save(options);
    expect(await refusal('validate', checkpoint)).toMatch(says);
    expect(await run('interactive', checkpoint)).toMatchObject({ code: 0 });
  });

  it('takes numbers that are written as text', async () => {
    const texts = { encoderLayers: '2', dropout: '0.1', labelSmoothing: '0.1', shareAllEmbeddings: 'True' };
    const [text, number] = [await run('validate', save(texts)), await run('validate', save({}))];
    const metrics = ({ stdout }: { stdout: string }): string => stdout.replace(/wps [\d.]+/, '');
    expect(metrics(text)).toEqual(metrics(number));
    expect(text.code).toBe(0);
  });
});

describe('files that still open', () => {
  it.each(Object.keys(COMMANDS))(
    'is for %s a checkpoint of ours, and with options that nothing here has',
    async (command) => {
      const later = { encoderLayersOfLater: 'x', dropout: 0.1, mineAlpha: [[1]], checkpointActivations: undefined };
      for (const options of [{}, later]) {
        const { code, stderr } = await run(command, save(options));
        expect(code, stderr).toBe(0);
      }
    },
  );

  it.each(Object.keys(COMMANDS))("is for %s a checkpoint of fairseq's", async (command) => {
    const { code, stderr } = await run(command, save({ encoderEmbedPath: '', evalBleuDetok: 'nltk' }, 'fairseq'));
    expect(code, stderr).toBe(0);
  });

  it('can be corrected with --model-overrides', async () => {
    const argv = COMMANDS.interactive!(save({ encoderAttentionHeads: 0 })).split(' ');
    expect(await runMain(...argv, '--model-overrides', '{"encoder_attention_heads": 4}')).toMatchObject({ code: 0 });
  });
});

describe('Translator.load', () => {
  it.each([...ABSURD, ...ABSURD_OF_OURS])('rejects a checkpoint that records %s', async (_, options, says) => {
    const loading = Translator.load({ path: save(options), data: goldenData, inline: true });
    await expect(loading).rejects.toThrow(says);
    await expect(loading).rejects.toThrow(UserError);
  });
});

it('a checkpoint that training refuses leaves no folder behind', () => {
  expect(existsSync(at('none'))).toBe(false);
});
