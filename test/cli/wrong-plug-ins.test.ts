import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMain } from '../helpers/run-main.js';
import { SMALL_SIZES } from '../helpers/small-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);

interface Case {
  readonly what: string;
  readonly build: string;
  readonly message: RegExp;
}

const OPTIMIZERS: readonly Case[] = [
  { what: 'builds nothing', build: '() => {}', message: /build returns no step function; return \{ arenas, step/ },
  {
    what: 'is built asynchronously',
    build: 'async () => ({ arenas: {}, step() {} })',
    message: /build returns a promise/,
  },
  {
    what: 'has no arenas',
    build: '() => ({ step() {} })',
    message: /arenas is missing; return `arenas: \{\}` if it has no state$/,
  },
  {
    what: 'has an arena of numbers',
    build: '() => ({ arenas: { m: [0] }, step() {} })',
    message: /arenas\.m is an array, not a Float32Array; an arena has one element per weight/,
  },
  {
    what: 'has an arena of another size',
    build: '() => ({ arenas: { m: new Float32Array(3) }, step() {} })',
    message: /arenas\.m has 3 elements for \d+ weights; /,
  },
  {
    what: 'has tensors that are no map',
    build: '() => ({ arenas: {}, tensors: {}, step() {} })',
    message: /tensors is an object of Object, not a Map; /,
  },
  {
    what: 'has a tensor of another size than its shape',
    build: "() => ({ arenas: {}, tensors: new Map([['v', { shape: [2, 3], data: new Float32Array(5) }]]), step() {} })",
    message: /tensors: 'v' has no data that match its shape; /,
  },
  {
    what: 'steps asynchronously',
    build: '() => ({ arenas: {}, async step() {} })',
    message: /step returns a promise; make it synchronous/,
  },
  {
    what: 'writes what is not a number',
    build: '(_, store) => ({ arenas: {}, step() { store.values[7] = 0 / 0; } })',
    message: /step 1 turns an element of encoder\.embed_tokens\.weight into NaN; look for 0\/0/,
  },
  {
    what: 'throws',
    build: '() => ({ arenas: {}, step() { nonsense(); } })',
    message: /--user-dir: \S+index\.js:\d+: ReferenceError: nonsense is not defined; fix the plug-in$/,
  },
];

const SCHEDULERS: readonly Case[] = [
  {
    what: 'builds nothing',
    build: '() => {}',
    message: /build returns no learningRate function; return \{ learningRate/,
  },
  { what: 'builds a number', build: '() => 0.1', message: /build returns no learningRate function/ },
  { what: 'is built asynchronously', build: 'async () => ({})', message: /build returns a promise; / },
  {
    what: 'returns nothing',
    build: '() => ({ learningRate() {} })',
    message: /learningRate is missing after 0 updates \(epoch 1\); return a finite number that is at least 0$/,
  },
  { what: 'returns NaN', build: '() => ({ learningRate: () => NaN })', message: /learningRate is NaN after 0 updates/ },
  { what: 'returns text', build: "() => ({ learningRate: () => '1' })", message: /learningRate is a string after 0/ },
  {
    what: 'returns a rate below 0',
    build: '() => ({ learningRate: () => -1 })',
    message: /learningRate is -1 after 0/,
  },
  {
    what: 'is infinite later',
    build: '() => ({ learningRate: ({ updates }) => 0.1 / (2 - updates) })',
    message: /learningRate is Infinity after 2 updates \(epoch 1\)/,
  },
  {
    what: 'returns a promise',
    build: '() => ({ learningRate: async () => 1 })',
    message: /learningRate is a promise after 0 updates/,
  },
  {
    what: 'has an endEpoch that is no function',
    build: '() => ({ learningRate: () => 1, endEpoch: 3 })',
    message: /endEpoch is a number; make it a function/,
  },
  {
    what: 'has a state that a checkpoint cannot keep',
    build: "() => ({ learningRate: () => 0.01, state: { name: 'x' } })",
    message: /state\.name is a string; a checkpoint stores only finite numbers and null/,
  },
  ...['5', 'null'].map((state) => ({
    what: `has the state ${state}`,
    build: `() => ({ learningRate: () => 0.01, state: ${state} })`,
    message: /state is (a number|null); make it an object of numbers/,
  })),
];

/** A transformer with something replaced. */
const altered = (replacement: string): string =>
  `(options, context) => { const model = transformer.build(options, context); ${replacement} return model; }`;

const MODELS: readonly Case[] = [
  { what: 'builds nothing', build: '() => {}', message: /the result of build is missing; return a TranslationModel$/ },
  { what: 'is built asynchronously', build: 'async () => ({})', message: /the result of build is a promise; / },
  {
    what: 'lacks functions',
    build: '() => ({ encode() {}, decode() {}, dispose() {}, decodeStep() {} })',
    message: /the built model has no classifier or startDecoding function; implement TranslationModel$/,
  },
  {
    what: 'has no store',
    build: altered("Object.defineProperty(model, 'parameters', { value: {} });"),
    message: /parameters is an object of Object, not a ParameterStore; declare the weights in a new ParameterStore/,
  },
  {
    what: 'has no weights',
    build: altered("Object.defineProperty(model, 'parameters', { value: new ParameterStore() });"),
    message: /it has no weights; declare them/,
  },
  {
    what: 'allocates no weights',
    build: altered(
      "const store = new ParameterStore(); store.parameter('w', [2], zeros); Object.defineProperty(model, 'parameters', { value: store });",
    ),
    message: /its weights are declared but not allocated; call parameters\.build/,
  },
  {
    what: 'has no longest sentence',
    build: altered('model.maxPositions = { source: 10 };'),
    message: /maxPositions\.target is missing; give the length of the longest sentence/,
  },
  {
    what: 'names a table of symbols that it does not have',
    build: altered("model.symbolTables = { 'encoder.embed_token.weight': 'source' };"),
    message: /symbolTables names encoder\.embed_token\.weight, which is not a parameter; name only declared parameters/,
  },
  {
    what: 'has a table of symbols of no side',
    build: altered("model.symbolTables = { 'encoder.embed_tokens.weight': 'de' };"),
    message: /symbolTables: encoder\.embed_tokens\.weight is a string; use 'source' or 'target'/,
  },
  {
    what: 'encodes to nothing',
    build: altered('model.encode = () => {};'),
    message: /encode: features is missing, not a matrix; return a tensor with two axes as features$/,
  },
  {
    what: 'encodes asynchronously',
    build: altered('model.encode = async () => {};'),
    message: /encode returns a promise; make it synchronous$/,
  },
  {
    what: 'encodes without a layout',
    build: altered(
      'const { encode } = model; model.encode = (...args) => ({ features: encode.apply(model, args).features });',
    ),
    message: /encode: layout is missing; return \{ features, layout \}/,
  },
  {
    what: 'decodes to a cube',
    build: altered('model.decode = () => ({ features: tf.zeros([2, 3, 4]) });'),
    message: /decode: features is a tensor of shape \[2,3,4\], not a matrix; /,
  },
  {
    what: 'decodes without positions',
    build: altered('model.decode = () => ({ features: tf.zeros([2, 3]) });'),
    message: /decode: positions is missing, not an Int32Array; /,
  },
  {
    what: 'decodes fewer rows than positions',
    build: altered('model.decode = () => ({ features: tf.zeros([2, 3]), positions: Int32Array.of(0, 1, 2) });'),
    message: /decode: 2 rows of features for 3 positions; /,
  },
  {
    what: 'decodes out of order',
    build: altered('model.decode = () => ({ features: tf.zeros([2, 3]), positions: Int32Array.of(1, 0) });'),
    message: /decode: positions are not in ascending order; /,
  },
  {
    what: 'leaves tokens out',
    build: altered('model.decode = () => ({ features: tf.zeros([1, 3]), positions: Int32Array.of(0) });'),
    message: /decode leaves out position 1 of \d+; return \{ features, positions \}/,
  },
  {
    what: 'classifies into another number of classes',
    build: altered('model.classifier = (features) => ({ features, weights: tf.zeros([3, features.shape[1]]) });'),
    message:
      /classifier: features \[rows,\d+\] and weights \[3,\d+\] for \d+ target symbols; return features \[rows,embed\]/,
  },
  {
    what: 'has a weight that it does not use',
    build: altered(
      'const { classifier } = model; model.classifier = (features) => ({ features: tf.zeros(features.shape), weights: classifier.call(model, features).weights });',
    ),
    message:
      /index\.js, export 'plugin': the loss does not depend on the weight \S+; use the weight only through tf operations/,
  },
  {
    what: 'returns constants',
    build: altered(
      'model.classifier = (features) => ({ features: tf.zeros(features.shape), weights: tf.zeros([context.targetVocab, features.shape[1]]) });',
    ),
    message: /index\.js, export 'plugin': the loss depends on no weight of the model; /,
  },
];

/** Search alone asks for these. */
const SEARCHES: readonly Case[] = [
  {
    what: 'starts without a state',
    build: altered('model.startFusedDecoding = () => null; model.startDecoding = () => ({});'),
    message: /startDecoding: the state has no select or dispose function; implement IncrementalState$/,
  },
  {
    what: 'steps to another number of rows',
    build: altered(
      'model.startFusedDecoding = null; model.decodeStep = () => ({ features: tf.zeros([1, 3]), attention: null });',
    ),
    message: /decodeStep: 1 rows of features for \d+ tokens; return one row per token$/,
  },
  {
    what: 'steps without attention being there or null',
    build: altered(
      'model.startFusedDecoding = null; model.decodeStep = (tokens) => ({ features: tf.zeros([tokens.shape[0], 3]) });',
    ),
    message: /decodeStep: attention is missing, not a matrix; return a tensor \[rows, source\], or null$/,
  },
];

let folders = 0;
/** A --user-dir with one plug-in, named `mine`. */
function pluginFolder(define: string, build: string, options = '{}'): string {
  const dir = join(folder, `plug-in-${folders++}`);
  mkdirSync(dir);
  writeFileSync(
    join(dir, 'index.js'),
    `import { defineLrScheduler, defineModel, defineOptimizer, tf } from 'ts-fairseq';
import { ParameterStore, transformer, zeros } from 'ts-fairseq/nn';
export const plugin = ${define}({ name: 'mine', summary: 'x', options: ${options}, build: ${build} });
`,
  );
  return dir;
}

const COMMON = ['--device', 'wasm', '--max-tokens', '64', '--lr', '0.01', '--max-update', '4', '--max-epoch', '1'];

/** Trains with a plug-in. @returns the last line of stderr, which the plug-in's mistake has to be */
async function complaint(dir: string, ...chosen: string[]): Promise<string> {
  const saveDir = join(dir, 'checkpoints');
  const { code, stderr } = await runMain('train', data, '--user-dir', dir, ...chosen, ...COMMON, '--save-dir', saveDir);
  expect(code, stderr).toBe(2);
  expect(stderr).not.toMatch(/^ +at /m);
  return stderr.trimEnd().split('\n').at(-1)!;
}

const place = (kind: string): RegExp =>
  new RegExp(`index\\.js, export 'plugin': the ${kind} 'mine': |index\\.js:\\d+: `);
const TINY = ['--arch', 'transformer_tiny', ...SMALL_SIZES];

describe('a plug-in of --user-dir that is wrong is named with its file in one line', () => {
  it.each(OPTIMIZERS)('an optimizer that $what', async ({ build, message }) => {
    const line = await complaint(pluginFolder('defineOptimizer', build), ...TINY, '--optimizer', 'mine');
    expect(line).toMatch(message);
    expect(line).toMatch(place('optimizer'));
  });

  it.each(SCHEDULERS)('a schedule that $what', async ({ build, message }) => {
    const line = await complaint(pluginFolder('defineLrScheduler', build), ...TINY, '--lr-scheduler', 'mine');
    expect(line).toMatch(message);
    expect(line).toMatch(place('lr-scheduler'));
  });

  it.each(MODELS)('a model that $what', async ({ build, message }) => {
    const dir = pluginFolder('defineModel', build, 'transformer.options');
    const line = await complaint(dir, '--arch', 'mine', ...SMALL_SIZES, '--encoder-attention-heads', '2');
    expect(line).toMatch(message);
    expect(line).toContain("index.js, export 'plugin': ");
  });

  it.each(SEARCHES)('a model that, when it translates, $what', async ({ build, message }) => {
    const dir = pluginFolder('defineModel', build, 'transformer.options');
    const saveDir = join(dir, 'checkpoints');
    const chosen = ['--user-dir', dir, '--device', 'wasm'];
    const model = ['--arch', 'mine', ...SMALL_SIZES, '--save-dir', saveDir, ...COMMON];
    const trained = await runMain('train', data, ...chosen, ...model);
    expect(trained.code, trained.stderr).toBe(0);
    const path = join(saveDir, 'checkpoint_last');
    const { code, stderr } = await runMain('generate', data, '--path', path, '--gen-subset', 'valid', ...chosen);
    expect(code, stderr).toBe(2);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(message);
    expect(stderr).toContain("index.js, export 'plugin': the model 'mine': ");
  });

  it.each([
    ['{ encoderLayer: 1 }', /the architecture 'tall': unknown option 'encoderLayer'; did you mean 'encoderLayers'\?$/],
    ["{ encoderLayers: 'many' }", /the architecture 'tall' encoderLayers: 'many' is not a whole number/],
    ['undefined', /the architecture 'tall' has no defaults; add `defaults: \{\}`/],
  ])('an architecture with the defaults %s', async (defaults, message) => {
    const dir = join(folder, `architecture-${folders++}`);
    mkdirSync(dir);
    const definition = `{ name: 'tall', summary: 'x', model: transformer, defaults: ${defaults} }`;
    writeFileSync(
      join(dir, 'index.js'),
      `import { defineArchitecture } from 'ts-fairseq';
import { transformer } from 'ts-fairseq/nn';
export const plugin = defineArchitecture(${definition});
`,
    );
    const line = await complaint(dir, '--arch', 'tall');
    expect(line).toMatch(message);
    expect(line).toContain("index.js, export 'plugin': ");
  });
});
