import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAvailable } from 'tfjs-backend-onednn';
import { describe, expect, it } from 'vitest';
import { loadCheckpoint, loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { type CommandResult, runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);

/** Files in a folder of their own, outside this project and without node_modules. @returns the folder */
function userDir(name: string, files: Record<string, string>): string {
  const dir = join(folder, 'user', name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), text);
  }
  return dir;
}

/** examples/user-dir, copied away from here. */
const example = join(folder, 'user', 'example');
cpSync(fileURLToPath(new URL('../../examples/user-dir', import.meta.url)), example, { recursive: true });

/** Cross entropy times --scale, in JavaScript on the tensors of TensorFlow.js itself. */
const SCALED = `
import * as tf from '@tensorflow/tfjs';
import { defineCriterion } from 'ts-fairseq';
export default defineCriterion({
  name: 'scaled',
  summary: 'cross entropy times a number',
  options: { scale: { kind: 'float', default: 2, min: 0, help: 'the number' } },
  build: ({ scale }) => ({
    paddingRows: 'drop',
    forward({ scores }) {
      const nll = tf.neg(tf.sum(scores.statistics().targetLogProb));
      return { loss: tf.mul(nll, scale), nll };
    },
  }),
});
`;
const javaScript = userDir('javascript', { 'index.js': SCALED });

const SMALL = ['--arch', 'transformer_tiny', '--encoder-layers', '1', '--decoder-layers', '1', '--dropout', '0'];
const BATCHES = ['--max-tokens', '64'];
const DEVICES = ['wasm', 'cpu'].map((device) => ({ device, available: device === 'wasm' || isAvailable().available }));

const train = (saveDir: string, ...rest: string[]): Promise<CommandResult> =>
  runMain('train', data, ...SMALL, ...BATCHES, '--lr', '0.01', '--max-update', '4', '--save-dir', saveDir, ...rest);
const validate = (saveDir: string, ...rest: string[]): Promise<CommandResult> =>
  runMain('validate', data, '--path', join(saveDir, 'checkpoint_last'), ...BATCHES, ...rest);

const figure = ({ stdout, stderr }: CommandResult, name: string): number =>
  Number(new RegExp(`\\| ${name} (\\S+)`).exec(stdout + stderr)?.[1]);

/** A command that fails as a user's mistake does: exit 2, one line, no stack. @returns the line */
async function complaintOf(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await runMain(...argv);
  expect({ code, stdout, lines: stderr.split('\n').length }, stderr).toEqual({ code: 2, stdout: '', lines: 2 });
  return stderr.trim();
}

describe('a criterion of --user-dir', () => {
  describe.each(DEVICES)('on $device', ({ device, available }) => {
    it.skipIf(!available)('in TypeScript is trained with its options, recorded and validated', async () => {
      const saveDir = join(folder, `example-${device}`);
      const chosen = ['--criterion', 'power_bonus', '--bonus-weight', '0.25', '--device', device];
      const trained = await train(saveDir, '--user-dir', example, ...chosen);
      expect(trained.code, trained.stderr).toBe(0);
      const { options } = loadMetadata(join(saveDir, 'checkpoint_last'));
      expect(options).toMatchObject({ criterion: 'power_bonus', bonusWeight: 0.25, bonusExponent: 2 });
      expect(options).not.toHaveProperty('userDir');
      const validated = await validate(saveDir, '--user-dir', example, '--device', device);
      expect(figure(validated, 'loss')).toBe(figure(trained, 'loss'));
      expect(figure(validated, 'loss')).toBeLessThan(figure(validated, 'nll_loss'));
    });

    it.skipIf(!available)('in JavaScript is trained with its options, recorded and validated', async () => {
      const saveDir = join(folder, `javascript-${device}`);
      const chosen = ['--criterion', 'scaled', '--scale', '3', '--device', device];
      const trained = await train(saveDir, '--user-dir', javaScript, ...chosen);
      expect(trained.code, trained.stderr).toBe(0);
      expect(loadMetadata(join(saveDir, 'checkpoint_last')).options).toMatchObject({ criterion: 'scaled', scale: 3 });
      const validated = await validate(saveDir, '--user-dir', javaScript, '--device', device);
      expect(figure(validated, 'loss') / figure(validated, 'nll_loss')).toBeCloseTo(3, 2);
    });
  });

  it('reaches every weight that the built-in cross entropy reaches', async () => {
    const [own, builtIn] = [join(folder, 'own'), join(folder, 'built-in')];
    const one = ['--device', 'wasm', '--max-epoch', '1'];
    await train(own, '--user-dir', javaScript, '--criterion', 'scaled', '--scale', '1', ...one);
    await train(builtIn, '--criterion', 'cross_entropy', ...one);
    const weights = (saveDir: string) => loadCheckpoint(join(saveDir, 'checkpoint_last'), { optimizer: false }).weights;
    expect([...weights(own)]).toEqual([...weights(builtIn)]);
  });

  it('shows its options in --help with their defaults', async () => {
    for (const command of ['train', 'validate']) {
      const { code, stdout } = await runMain(command, '--user-dir', example, '--criterion', 'power_bonus', '--help');
      expect(code).toBe(0);
      expect(stdout).toMatch(/Criterion power_bonus:\n +--bonus-exponent <X> [^-]*\(default:\s+2\)/);
    }
  });

  it.each([
    [['--bonus-weight', 'much'], "--bonus-weight: 'much' is not a number"],
    [['--bonus-weight', '-1'], '--bonus-weight: -1 is too small'],
    [['--bonus-wait', '1'], "unknown option '--bonus-wait'; did you mean '--bonus-weight'?"],
  ])('has its options checked: %j', async (flags, message) => {
    const line = await complaintOf('train', data, '--user-dir', example, '--criterion', 'power_bonus', ...flags);
    expect(line).toContain(message);
  });

  it('is asked for when a checkpoint names it and --user-dir is missing', async () => {
    const { code, stderr } = await validate(join(folder, 'example-wasm'), '--device', 'wasm');
    expect(code).toBe(2);
    expect(stderr).toContain("was trained with the criterion 'power_bonus', which is unknown; add the --user-dir");
  });

  it('may be left out when another criterion validates the checkpoint', async () => {
    const validated = await validate(join(folder, 'example-wasm'), '--device', 'wasm', '--criterion', 'cross_entropy');
    expect(figure(validated, 'loss')).toBe(figure(validated, 'nll_loss'));
  });
});

const MODELS = `
import { defineArchitecture, defineLrScheduler, defineModel, defineOptimizer } from 'ts-fairseq';
import { transformer } from 'ts-fairseq/nn';
import type { ModelContext } from 'ts-fairseq';
import { WIDTH } from './width';

export const narrow = defineArchitecture({
  name: 'narrow',
  summary: 'one layer each',
  model: transformer,
  defaults: { encoderEmbedDim: WIDTH, encoderFfnEmbedDim: 2 * WIDTH, encoderLayers: 1, decoderLayers: 1 },
});
export const wrapped = defineModel({
  name: 'wrapped',
  summary: 'a transformer under another name',
  options: { ...transformer.options, encoderEmbedDim: { kind: 'int', default: WIDTH, help: 'width' } },
  build: (options, context: ModelContext) => transformer.build(options, context),
});
export const descent = defineOptimizer({
  name: 'descent',
  summary: 'gradient descent',
  options: { slowdown: { kind: 'float', default: 1, help: 'divides the rate' } },
  build: ({ slowdown }, store) => ({
    arenas: {},
    step(learningRate) {
      store.gradients.forEach((gradient, index) => { store.values[index]! -= (learningRate / slowdown) * gradient; });
    },
  }),
});
export const constant = defineLrScheduler({
  name: 'constant',
  summary: 'always the first rate',
  options: {},
  build: (_, [rate]) => ({ learningRate: () => rate! }),
});
export const VERSION = '1.0';
export function helper(): null { return null; }
`;

const REFUSED: readonly { what: string; files: Record<string, string>; message: string | RegExp }[] = [
  {
    what: 'a name that is built in',
    files: { 'index.js': SCALED.replace("'scaled'", "'cross_entropy'") },
    message: /index\.js, export 'default': the criterion 'cross_entropy' is defined twice; rename the one in your/,
  },
  {
    what: 'one name for two plug-ins',
    files: { 'a.js': SCALED, 'b.mjs': SCALED },
    message: "the criterion 'scaled' is defined twice; rename",
  },
  {
    what: 'a module that throws',
    files: {
      'index.ts': "export * from './mine';\n",
      'mine.ts': "interface Sizes {\n  a: 1;\n}\nthrow new RangeError('no weights here\\nsecond line');\n",
    },
    message: /mine\.ts:4 cannot be loaded: RangeError: no weights here; fix the plug-in$/,
  },
  {
    what: 'a module that says itself what is wrong',
    files: {
      'index.js': "import { UserError } from 'ts-fairseq';\nthrow new UserError('no weights', 'set WEIGHTS');\n",
    },
    message: /index\.js: no weights; set WEIGHTS$/,
  },
  {
    what: 'a module that does not parse',
    files: { 'index.ts': '\nexport const = 1;\n' },
    message: /index\.ts:2 cannot be loaded: ParseError: Unexpected token; fix the plug-in$/,
  },
  {
    what: 'an import that is not there',
    files: { 'index.ts': "import { x } from 'no-such-package';\nexport const y = x;\n" },
    message: /index\.ts:1 cannot be loaded: Cannot find module 'no-such-package'; check the path, or install/,
  },
  {
    what: 'exports that are no plug-ins',
    files: { 'index.ts': "export const name = 'mine';\nexport default () => null;\n" },
    message: /exports no plug-in; export the results of defineCriterion/,
  },
  { what: 'a folder without modules', files: { 'notes.txt': 'x' }, message: /contains no module; add an index\.ts/ },
  {
    what: 'an option that the command has already',
    files: { 'index.js': SCALED.replaceAll('scale', 'lr').replaceAll('lrd', 'scaled') },
    message: 'Criterion scaled: the option --lr already exists, under Options; rename the option',
  },
  {
    what: 'a criterion without a name',
    files: { 'index.js': SCALED.replace("name: 'scaled',", '') },
    message: /index\.js, export 'default': the criterion has no name; give it one, e\.g\. name: 'my_criterion'/,
  },
  {
    what: 'a criterion without a build function',
    files: { 'index.js': "export const x = { kind: 'criterion', name: 'scaled', options: {} };\n" },
    message: "the criterion 'scaled' has no build function",
  },
  {
    what: 'a criterion without options',
    files: { 'index.js': "export const x = { kind: 'criterion', name: 'scaled', build() {} };\n" },
    message: "the criterion 'scaled' has no options; add `options: {}`",
  },
  {
    what: 'an architecture without a model',
    files: { 'index.js': "export const x = { kind: 'architecture', name: 'tall', defaults: {} };\n" },
    message: "the architecture 'tall' has no model",
  },
  {
    what: 'an option of an unknown kind',
    files: { 'index.js': SCALED.replace("'float'", "'floot'") },
    message: "the option 'scale' has the kind 'floot'; did you mean 'float'?",
  },
  {
    what: 'an option without a default',
    files: { 'index.js': SCALED.replace('default: 2, ', '') },
    message: "the option 'scale' has no default",
  },
  {
    what: 'a choice without choices',
    files: { 'index.js': SCALED.replace("'float'", "'choice'") },
    message: "the option 'scale' has no choices",
  },
];

/** Criterions that load but are wrong, told apart when the first batch runs through them. */
const WRONG: readonly { what: string; index: string; message: RegExp }[] = [
  {
    what: 'throws while it computes',
    index: SCALED.replace('const nll', 'scores.nonsense();\n      const nll'),
    message:
      /^ts-fairseq: --user-dir: \S+index\.js:11: TypeError: scores\.nonsense is not a function; fix the plug-in$/,
  },
  {
    what: 'multiplies shapes that do not fit',
    index: SCALED.replace('nll, scale', 'tf.ones([2]), tf.ones([3])'),
    message: /^ts-fairseq: --user-dir: \S+index\.js:12: .*; fix the plug-in$/,
  },
  {
    what: 'throws while it is built',
    index: SCALED.replace('=> ({', "=> {\n throw new Error('no');\n return {").replace('}),\n});', '};\n}});'),
    message: /index\.js:9: no; fix the plug-in$/,
  },
  {
    what: 'builds nothing',
    index: SCALED.replace('=> ({', '=> {({').replace('}),\n});', '})},\n});'),
    message: /index\.js, export 'default': the criterion 'scaled': build returns no forward function; return/,
  },
  {
    what: 'has padding rows of an unknown kind',
    index: SCALED.replace("'drop'", "'dropp'"),
    message: /the criterion 'scaled': paddingRows is dropp; use 'drop', or 'keep'/,
  },
  {
    what: 'returns no metrics',
    index: SCALED.replace('return { loss: tf.mul(nll, scale), nll }', 'return nll'),
    message: /index\.js, export 'default': the criterion 'scaled': loss is missing, not a scalar; return/,
  },
  {
    what: 'returns a loss by row',
    index: SCALED.replace('tf.mul(nll, scale)', 'tf.neg(scores.statistics().targetLogProb)'),
    message: /the criterion 'scaled': loss is a tensor of shape \[\d+\], not a scalar; return/,
  },
  {
    what: 'returns a number',
    index: SCALED.replace('tf.mul(nll, scale)', '3'),
    message: /the criterion 'scaled': loss is a number, not a scalar/,
  },
  {
    what: 'is asynchronous',
    index: SCALED.replace('forward', 'async forward'),
    message: /the criterion 'scaled': forward returns a promise; make it synchronous/,
  },
  {
    what: 'returns a loss that is a constant',
    index: SCALED.replace('tf.mul(nll, scale)', 'tf.scalar(scale)'),
    message:
      /index\.js, export 'default': the loss depends on no weight of the model; compute the loss from the scores passed to the criterion/,
  },
  {
    what: 'has a gradient that is NaN',
    index: SCALED.replace('tf.mul(nll, scale)', 'tf.sqrt(tf.sub(nll, nll))'),
    message:
      /the gradient norm is NaN in update 1 .* check the criterion \(\S+index\.js, export 'default'\) for 0\/0, log 0 or √0, lower --lr/,
  },
];

describe('a criterion of --user-dir that is wrong', () => {
  it.each(WRONG)('is named with its file in one line when it $what', async ({ what, index, message }) => {
    const own = userDir(what.replaceAll(' ', '-'), { 'index.js': index });
    const saveDir = join(folder, 'wrong');
    const { code, stderr } = await train(saveDir, '--user-dir', own, '--criterion', 'scaled', '--device', 'wasm');
    expect(code, stderr).toBe(2);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

describe('--user-dir', () => {
  const everything = userDir('everything', { 'index.ts': MODELS, 'width.ts': 'export const WIDTH: number = 16;\n' });

  it.each(['narrow', 'wrapped'])(
    'brings architectures, models, optimizers and schedulers: %s trains and translates',
    async (arch) => {
      const saveDir = join(folder, arch);
      const chosen = ['--arch', arch, '--optimizer', 'descent', '--lr-scheduler', 'constant', '--slowdown', '2'];
      const trained = await train(saveDir, '--user-dir', everything, '--device', 'wasm', ...chosen);
      expect(trained.code, trained.stderr).toBe(0);
      const checkpoint = loadCheckpoint(join(saveDir, 'checkpoint_last'), { optimizer: false });
      expect(checkpoint.metadata).toMatchObject({ arch, options: { encoderEmbedDim: 16, slowdown: 2 } });
      expect(checkpoint.weights.get('encoder.embed_tokens.weight')!.shape[1]).toBe(16);
      const path = join(saveDir, 'checkpoint_last');
      const results = ['--results-path', saveDir, '--quiet'];
      const generate = ['generate', data, '--path', path, '--gen-subset', 'valid', '--device', 'wasm', ...results];
      const translated = await runMain(...generate, '--user-dir', everything);
      expect(translated.code, translated.stderr).toBe(0);
      expect(readFileSync(join(saveDir, 'generate-valid.txt'), 'utf8')).toContain('Generate valid with beam=5');
      expect((await runMain(...generate)).stderr).toContain(`the arch '${arch}', which is unknown`);
    },
  );

  it.each([
    ['a file', () => join(example, 'index.ts')],
    [
      'a folder with index.cjs',
      () =>
        userDir('cjs', {
          'index.cjs': SCALED.replace('scaled', 'power_bonus')
            .replace(/import \* as (\w+) from (.*);/, 'const $1 = require($2);')
            .replace(/import (.*) from (.*);/, 'const $1 = require($2);')
            .replace('export default', 'exports.mine ='),
          'aside.js': "throw new Error('not what the folder exports');\n",
        }),
    ],
    ['a folder with index.mjs', () => userDir('mjs', { 'index.mjs': SCALED.replace('scaled', 'power_bonus') })],
    [
      'a folder of the module type',
      () =>
        userDir('module', { 'index.js': SCALED.replace('scaled', 'power_bonus'), 'package.json': '{"type":"module"}' }),
    ],
    [
      'a folder of modules without an index',
      () =>
        userDir('several', {
          'a.ts': "export { default as a } from './b.js';\nexport const unrelated = 1;\n",
          'b.js': SCALED.replace('scaled', 'power_bonus'),
          'b.test.ts': "throw new Error('a test is not a plug-in');\n",
        }),
    ],
  ])('takes %s', async (_, path) => {
    const { code, stdout, stderr } = await runMain(
      'train',
      '--user-dir',
      path(),
      '--criterion',
      'power_bonus',
      '--help',
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('Criterion power_bonus:');
  });

  it('names its plug-ins where a name is wrong', async () => {
    const line = await complaintOf('train', data, '--user-dir', example, '--criterion', 'power_bonos');
    expect(line).toBe("ts-fairseq: unknown criterion 'power_bonos'; did you mean 'power_bonus'?");
  });

  it.each(REFUSED)('refuses $what in one line', async ({ what, files, message }) => {
    const dir = userDir(what.replaceAll(' ', '-'), files);
    expect(await complaintOf('train', data, '--user-dir', dir, '--criterion', 'scaled')).toMatch(message);
  });

  it.each(['train', 'validate', 'generate'])('refuses a folder that is not there: %s', async (command) => {
    const rest = command === 'train' ? [] : ['--path', join(folder, 'own', 'checkpoint_last'), '--criterion', 'scaled'];
    const flags = command === 'generate' ? rest.slice(0, 2) : rest;
    const { code, stderr } = await runMain(command, data, '--user-dir', join(folder, 'nowhere'), ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain('nowhere does not exist; check the path');
  });
});
