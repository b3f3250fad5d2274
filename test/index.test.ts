import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../src/index.js';
import * as theOnlyTf from '../src/tf/index.js';
import { temporaryFolder } from './helpers/temporary-folder.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A user's project with ts-fairseq installed; its package.json points to code and types. */
const folder = temporaryFolder();
mkdirSync(join(folder, 'node_modules'));
symlinkSync(root, join(folder, 'node_modules/ts-fairseq'));
symlinkSync(join(root, 'node_modules/@tensorflow'), join(folder, 'node_modules/@tensorflow'));
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');

const runNode = (...args: string[]): { stdout: string; stderr: string } =>
  spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder });
const tsc = join(root, 'node_modules/typescript/bin/tsc');

beforeAll(() => {
  expect(runNode(tsc, '-b', root).stdout).toBe(''); // users get dist/
});

/** The compiler's messages for each of a user's TypeScript files. */
function compile(files: Readonly<Record<string, string>>): Record<string, string[]> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const options = [
    '--strict',
    '--noUncheckedIndexedAccess',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    '*',
  ];
  const { stdout } = runNode(tsc, '--noEmit', '--skipLibCheck', ...options, ...Object.keys(files));
  const lines = stdout.split('\n');
  const complaints = (name: string): string[] => lines.filter((line) => line.startsWith(`${name}(`));
  return Object.fromEntries(Object.keys(files).map((name) => [name, complaints(name)]));
}

const PROGRAM = `
import * as tfjs from '@tensorflow/tfjs';
import {
  type Classifier, type ClassFunction, type Criterion, type CriterionInput, defineArchitecture, defineCriterion,
  defineLrScheduler, defineModel, defineOptimizer, defineOptions, log, type ModelContext, type OptionsOf, type Plugin,
  type RowScores, tf, type TranslationModel, Translator, UserError,
} from 'ts-fairseq';
import { Linear, ParameterStore, transformer } from 'ts-fairseq/nn';

const options = defineOptions({
  gamma: { kind: 'float', default: 2, min: 0, help: 'γ' },
  shape: { kind: 'choice', choices: ['round', 'square'], default: 'round', help: 'shape' },
  limit: { kind: 'int', default: null, help: 'limit' },
});
const exact: OptionsOf<typeof options> = { gamma: 1, shape: 'square', limit: null };

const bonus: ClassFunction = { family: 'custom', value: (logProb) => tf.exp(tf.mul(logProb, exact.gamma)) };
const total = (scores: RowScores): tf.Scalar => tf.sum(scores.statistics([bonus]).sums[0]!);

export const focal = defineCriterion({
  name: 'focal', summary: 'focal loss', options,
  build({ gamma, shape, limit }): Criterion {
    const power: number = shape === 'round' ? gamma : (limit ?? 1);
    return {
      paddingRows: 'drop',
      forward({ scores, targets, epoch }: CriterionInput) {
        const { targetLogProb } = scores.statistics();
        const rest: tf.Tensor1D = tf.sub(1, tf.exp(targetLogProb));
        const nll = tfjs.neg(tf.sum(targetLogProb)) as tfjs.Scalar;
        if (epoch < 1 || targets.shape[0] === 0) throw new UserError('no rows', 'give some');
        return { loss: tf.neg(tf.sum(tf.mul(tf.pow(rest, power), targetLogProb))) as tf.Scalar, nll: tf.add(nll, total(scores)) };
      },
    };
  },
});
export const deep = defineArchitecture({ name: 'deep', summary: 'more layers', model: transformer, defaults: { encoderLayers: 12 } });
export const other = defineModel({
  name: 'other', summary: 'another', options: { width: { kind: 'int', default: 8, help: 'width' } },
  build({ width }, context: ModelContext): TranslationModel {
    const layer = Linear.declare(new ParameterStore(), 'out', width, context.targetVocab);
    const model = transformer.build({} as never, context);
    return { ...model, classifier: (features): Classifier => ({ features, weights: layer.weight.tensor as tf.Tensor2D }) };
  },
});
export const sgd = defineOptimizer({
  name: 'plain', summary: 'descent', options: {},
  build: (_, store) => ({ arenas: {}, step(rate) { store.values[0]! -= rate * store.gradients[0]!; } }),
});
export const halving = defineLrScheduler({
  name: 'halving', summary: 'half each epoch', options: {},
  build: (_, [rate]) => ({ learningRate: ({ epoch }) => rate! * 0.5 ** epoch }),
});
const plugins: readonly Plugin[] = [focal, deep, other, sgd, halving];

const detach = log.attach(({ kind, fields }) => console.log(kind, fields));
const translator = await Translator.load({
  path: ['a', 'b'], data: 'data-bin', device: 'cpu', threads: 2, beam: 4, lenpen: 0.6, bpeCodes: 'codes', removeBpe: 'subword_nmt', plugins,
});
for (const { text, score, tokens, tokenScores, nbest } of await translator.translate(['ein haus'])) {
  const line: string = text + tokens.join(' ') + (score + tokenScores[0]!).toFixed(2) + nbest[0]!.text;
  console.log(line, translator.languages.source);
}
translator.dispose();
detach();
`;

const JAVASCRIPT = `
import { createRequire } from 'node:module';
import { defineCriterion, tf, Translator, UserError } from 'ts-fairseq';
const require = createRequire(import.meta.url);
const loadedByImport = Object.keys(require.cache).filter((name) => name.includes('tensorflow'));
const { kind } = defineCriterion({ name: 'mine', summary: '', options: {}, build: () => null });
const sum = tf.add(1, 2).dataSync()[0];
const isOne = (await import('@tensorflow/tfjs')).engine() === tf.engine();
const error = await Translator.load({ data: 'x' }).catch((e) => e instanceof UserError && e.name + ': ' + e.problem);
const { transformer } = await import('ts-fairseq/nn');
console.log(JSON.stringify({ kind, loadedByImport, sum, isOne, error, parts: transformer.name }));
`;

describe('the library', () => {
  it("has types: a user's plug-ins and program compile under strict, and mistakes do not", () => {
    const without = (right: string, wrong: string): string => {
      expect(PROGRAM).toContain(right);
      return PROGRAM.replace(right, wrong);
    };
    const complaints = compile({
      'right.ts': PROGRAM,
      'unknown-option.ts': without('beam: 4', 'beams: 4'),
      'option-type.ts': without('beam: 4', "beam: 'wide'"),
      'option-kind.ts': without("kind: 'float'", "kind: 'floot'"),
      'choice.ts': without("shape: 'square'", "shape: 'oval'"),
      'no-nll.ts': without(', nll: tf.add(nll, total(scores))', ''),
    });
    expect(complaints).toEqual({
      'right.ts': [],
      'unknown-option.ts': [expect.stringContaining("'beams' does not exist in type 'TranslatorOptions'")],
      'option-type.ts': [expect.stringContaining("Type 'string' is not assignable to type 'number'")],
      'option-kind.ts': expect.arrayContaining([expect.stringContaining(`'"floot"' is not assignable to type`)]),
      'choice.ts': [expect.stringContaining(`'"oval"' is not assignable to type '"round" | "square"'`)],
      'no-nll.ts': [expect.stringContaining("{ loss: Scalar; }' is not assignable to type")],
    });
  });

  it('works from JavaScript, and loads the tensor library only at the first use of tf', () => {
    writeFileSync(join(folder, 'user.js'), JAVASCRIPT);
    expect(JSON.parse(runNode('user.js').stdout)).toEqual({
      kind: 'criterion',
      loadedByImport: [],
      sum: 3,
      isOne: true,
      error: 'UserError: no checkpoint given',
      parts: 'transformer',
    });
  });

  it('shares one instance of TensorFlow.js', () => {
    expect(tf.engine()).toBe(theOnlyTf.engine());
    expect('matMul' in tf).toBe(true);
  });
});
