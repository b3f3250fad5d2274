import * as tf from '@tensorflow/tfjs';
import { isAvailable } from 'tfjs-backend-onednn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { criterions } from '../../criterions/index.js';
import { architectures } from '../../models/index.js';
import { openDevice } from '../../src/devices/index.js';
import { UserError } from '../../src/errors.js';
import type { Mode, TranslationModel } from '../../src/plugins/model.js';
import { modelOptions } from '../../src/plugins/model-options.js';
import type { TranslationBatch } from '../../src/tasks/collate.js';
import type { TranslationTask } from '../../src/tasks/translation.js';
import { batchLoss } from '../../src/training/batch-loss.js';
import { buildCriterion } from '../helpers/criterion.js';
import {
  batchFeatures,
  buildTransformer,
  modelContext,
  referenceTask,
  transformerOptions,
} from '../helpers/reference-model.js';

const SMALL = {
  encoderEmbedDim: 16,
  encoderFfnEmbedDim: 24,
  encoderLayers: 1,
  encoderAttentionHeads: 2,
  decoderLayers: 1,
  decoderAttentionHeads: 2,
} as const;

let task: TranslationTask;
beforeAll(async () => {
  await openDevice('wasm', { threads: null });
  task = referenceTask();
});

const DROPOUT: Mode = { dropout: { seed: 1, update: 0, microBatch: 0 } };

type Loss = (model: TranslationModel, batch: TranslationBatch) => tf.Scalar;

/** Σ sin² features + Σ logits²: not a criterion, but it depends on all parameters. */
const squares: Loss = (model, batch) => {
  const features = tf.reshape(batchFeatures(model, batch, DROPOUT), [-1, SMALL.encoderEmbedDim]) as tf.Tensor2D;
  const logits = tf.matMul(features, model.classifier(features).weights, false, true);
  return tf.add(tf.sum(tf.square(tf.sin(features))), tf.sum(tf.square(logits)));
};

/** The norm of a loss's gradient by each parameter. */
function gradientNorms(model: TranslationModel, loss: Loss = squares): Map<string, number> {
  const batch = task.collate(task.loadSplit('valid'), Int32Array.from([0, 1, 2]));
  const trainable = model.parameters.trainable;
  const { value, grads } = tf.engine().gradients(
    () => loss(model, batch),
    trainable.map(({ tensor }) => tensor),
  );
  const norms = new Map<string, number>();
  trainable.forEach((parameter, index) => {
    const gradient = grads[index]!.dataSync() as Float32Array;
    for (const part of parameter.parts) {
      const start = part.offset - parameter.offset;
      norms.set(part.name, Math.hypot(...gradient.subarray(start, start + part.size)));
    }
  });
  tf.dispose([value, grads]);
  return norms;
}

/** Parameters without a gradient. Attention does not depend on the bias of keys, whose gradient is rounding errors. */
const withoutGradient = (norms: ReadonlyMap<string, number>): [string, number][] =>
  [...norms].filter(([name, norm]) => !(norm > 0) && !name.endsWith('k_proj.bias'));

describe('every parameter of the transformer', () => {
  it.each([
    ['post-norm', {}],
    ['pre-norm', { encoderNormalizeBefore: true, decoderNormalizeBefore: true }],
    ['learned positions', { encoderLearnedPos: true, decoderLearnedPos: true }],
    ['shared decoder embeddings', { shareDecoderInputOutputEmbed: true }],
    ['shared embeddings', { shareAllEmbeddings: true }],
    ['normalised embeddings', { layernormEmbedding: true }],
    ['gelu and every dropout', { activationFn: 'gelu', dropout: 0.2, attentionDropout: 0.2, activationDropout: 0.2 }],
    ['gelu_accurate', { activationFn: 'gelu_accurate' }],
    ['swish', { activationFn: 'swish' }],
  ] as const)('gets a gradient with %s', (_, overrides) => {
    const model = buildTransformer(task, transformerOptions({ ...SMALL, ...overrides }));
    const norms = gradientNorms(model);
    model.dispose();
    expect(withoutGradient(norms)).toEqual([]);
    expect(norms.size).toBeGreaterThan(30);
  });

  it('is declared under the same name in any order of use', () => {
    const model = buildTransformer(task, transformerOptions({ ...SMALL, shareAllEmbeddings: true }));
    expect(model.parameters.parameters.map(({ name }) => name)).toContain(
      'decoder.layers.0.encoder_attn.k_proj.weight',
    );
    expect(model.parameters.parameters.some(({ name }) => name === 'decoder.embed_tokens.weight')).toBe(false);
    model.dispose();
  });
});

describe("the transformer's initial weights", () => {
  it('follow fairseq: xavier with gain 1/√2, normal embeddings, zero padding row, PyTorch linear layers', () => {
    const embed = 64;
    const model = buildTransformer(
      task,
      transformerOptions({ ...SMALL, encoderEmbedDim: embed, encoderFfnEmbedDim: 96 }),
    );
    const store = model.parameters;
    const values = (name: string): Float32Array =>
      store.view(store.values, store.parameters.find((parameter) => parameter.name === name)!);
    const largest = (name: string): number => values(name).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const bound = (fanIn: number, fanOut: number, gain = 1): number => gain * Math.sqrt(6 / (fanIn + fanOut));
    const near = (actual: number, expected: number): void => {
      expect(actual).toBeLessThanOrEqual(expected);
      expect(actual).toBeGreaterThan(0.97 * expected);
    };
    near(largest('encoder.layers.0.self_attn.q_proj.weight'), bound(embed, embed, Math.SQRT1_2));
    near(largest('encoder.layers.0.self_attn.out_proj.weight'), bound(embed, embed));
    near(largest('encoder.layers.0.fc1.weight'), 1 / Math.sqrt(embed));
    near(largest('encoder.layers.0.fc2.weight'), 1 / Math.sqrt(96));
    expect(largest('encoder.layers.0.self_attn.out_proj.bias')).toBe(0);
    expect(values('encoder.layers.0.final_layer_norm.weight').every((value) => value === 1)).toBe(true);
    const table = values('encoder.embed_tokens.weight');
    const deviation = Math.sqrt(table.reduce((sum, value) => sum + value ** 2, 0) / table.length);
    expect(deviation / embed ** -0.5).toBeCloseTo(1, 1);
    expect([...table.subarray(embed, 2 * embed)].every((value) => value === 0)).toBe(true);
    model.dispose();
  });

  it('depend only on the seed', () => {
    const [first, second, third] = [1, 1, 2].map((seed) => {
      const model = buildTransformer(task, transformerOptions(SMALL), seed);
      const { values } = model.parameters;
      model.dispose();
      return values;
    });
    expect(first).toEqual(second);
    expect(first).not.toEqual(third);
  });
});

describe('the transformer refuses', () => {
  it.each([
    [{ encoderEmbedDim: 18, encoderAttentionHeads: 4 }, '--encoder-embed-dim 18 is not a multiple of'],
    [{ decoderEmbedDim: 32 }, '--decoder-embed-dim 32 differs from --encoder-embed-dim 16'],
    [{ shareAllEmbeddings: true, decoderEmbedPath: 'b' }, '--encoder-embed-path and --decoder-embed-path differ'],
    [{ shareAllEmbeddings: true, encoderEmbedPath: 'a', decoderEmbedPath: 'b' }, 'give only --encoder-embed-path'],
  ] as const)('%j', (overrides, message) => {
    const build = (): unknown => buildTransformer(task, transformerOptions({ ...SMALL, ...overrides }));
    expect(build).toThrow(UserError);
    expect(build).toThrow(message);
  });

  it('shared embeddings over two dictionaries', () => {
    const separate = { ...task, joinedDictionary: false };
    expect(() => buildTransformer(separate, transformerOptions({ ...SMALL, shareAllEmbeddings: true }))).toThrow(
      '--share-all-embeddings requires one dictionary',
    );
  });
});

describe('a forward and backward pass', () => {
  it('leaves no tensor behind', () => {
    const model = buildTransformer(task, transformerOptions({ ...SMALL, dropout: 0.1 }));
    gradientNorms(model);
    const before = tf.memory().numTensors;
    gradientNorms(model);
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });
});

describe('the architectures', () => {
  it('only override options of the model', () => {
    for (const { defaults, model } of architectures) {
      for (const key of Object.keys(defaults)) expect(Object.keys(model.options)).toContain(key);
    }
  });
});

it('the decoder of transformer_tiny is as wide as its encoder, also if an option changes that', () => {
  const tiny = architectures.find(({ name }) => name === 'transformer_tiny')!;
  const widths = { encoderEmbedDim: 16, encoderFfnEmbedDim: 24 };
  const model = tiny.model.build(modelOptions(tiny, widths), modelContext(task));
  const shapeOf = (name: string): unknown =>
    model.parameters.parameters.find((parameter) => parameter.name === name)!.shape;
  expect(shapeOf('decoder.layers.0.fc1.weight')).toEqual([24, 16]);
  expect(shapeOf('decoder.layers.1.fc2.weight')).toEqual([16, 24]);
  model.dispose();
});

describe.each(['wasm', 'cpu'])('every parameter of every architecture gets a gradient on %s', (device) => {
  const here = device === 'wasm' || isAvailable().available;
  beforeAll(async () => void (here && (await openDevice(device, { threads: 1 }))));
  afterAll(async () => void (await openDevice('wasm', { threads: null })));

  describe.skipIf(!here).each(architectures.map((architecture) => [architecture.name, architecture] as const))(
    '%s',
    (_, architecture) => {
      it.each(criterions.map(({ name }) => name))('with %s', (name) => {
        const criterion = buildCriterion(name, { labelSmoothing: 0.1 });
        const small = { ...SMALL, decoderEmbedDim: 16, decoderFfnEmbedDim: 24 };
        const model = architecture.model.build(modelOptions(architecture, small), modelContext(task));
        const norms = gradientNorms(
          model,
          (_, batch) => batchLoss(model, criterion, batch, { mode: DROPOUT, epoch: 1, ignorePrefixSize: 0 }).loss,
        );
        model.dispose();
        expect(withoutGradient(norms)).toEqual([]);
        expect([...norms.keys()]).toEqual(model.parameters.parameters.map((parameter) => parameter.name));
      });
    },
  );
});
