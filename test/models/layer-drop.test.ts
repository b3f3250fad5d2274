import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs';
import { isAvailable } from 'tfjs-backend-onednn';
import { describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import { LayerDrop } from '../../src/nn/layer-drop.js';
import { adam } from '../../src/optim/adam.js';
import { fixed } from '../../src/optim/fixed.js';
import { selectOptions } from '../../src/options/select.js';
import { EVALUATION } from '../../src/plugins/model.js';
import { Trainer } from '../../src/training/trainer.js';
import { buildCriterion } from '../helpers/criterion.js';
import {
  batchFeatures,
  buildTransformer,
  REFERENCE_OPTIONS,
  referenceTask,
  transformerOptions,
} from '../helpers/reference-model.js';
import { goldenBatches, trainingWithoutEnd } from '../training/toy-trainer.js';

const UPDATES = 4;
const DROPOUT = { ...REFERENCE_OPTIONS, dropout: 0.3, attentionDropout: 0.2 };
const HALF = { encoderLayerdrop: 0.5, decoderLayerdrop: 0.5 };
const ALL = { encoderLayerdrop: 1, decoderLayerdrop: 1 };
const devices = isAvailable().available ? (['cpu', 'wasm'] as const) : (['wasm'] as const);

/** `encoder.layers.0` of `encoder.layers.0.fc1.weight`; null for parameters outside layers. */
const layerOf = (name: string): string | null => /^\w+\.layers\.\d+/.exec(name)?.[0] ?? null;

/**
 * Weights after some updates of one micro-batch, as a digest (vitest takes minutes to say where two arenas differ), and
 * for each update the layers that got a gradient.
 */
async function train(options: object, { device = 'wasm', seed = 1 }: { device?: 'cpu' | 'wasm'; seed?: number } = {}) {
  const { arenaKernels: kernels } = await openDevice(device, { threads: null });
  const model = buildTransformer(referenceTask(), { ...DROPOUT, ...options });
  const store = model.parameters;
  const trainer = new Trainer(
    {
      model,
      criterion: buildCriterion('label_smoothed_cross_entropy'),
      optimizer: adam.build(selectOptions(adam.options, {}), store, kernels),
      lrScheduler: fixed.build(selectOptions(fixed.options, {}), [1e-3], trainingWithoutEnd),
      kernels,
    },
    { seed, clipNorm: 0, sentenceAvg: false, ignorePrefixSize: 0 },
  );
  const touched: string[][] = [];
  for (const batch of goldenBatches(UPDATES)) {
    await trainer.step([batch], 1);
    const moved = store.parameters.filter((one) => store.view(store.gradients, one).some((value) => value !== 0));
    touched.push([...new Set(moved.map(({ name }) => layerOf(name) ?? 'outside'))]);
  }
  const weights = createHash('sha256').update(store.values).digest('hex');
  model.dispose();
  return { weights, touched };
}

describe.each(devices)('--encoder-layerdrop and --decoder-layerdrop on %s', (device) => {
  it('skip layers in some passes, whose weights then have no gradient', async () => {
    const { touched } = await train(HALF, { device });
    const layers = touched.flat().filter((name) => name !== 'outside');
    expect(layers.length).toBeGreaterThan(0);
    expect(layers.length).toBeLessThan(4 * UPDATES);
    expect(touched.every((names) => names.includes('outside'))).toBe(true);
  });

  it('skip all layers with probability 1, while the embeddings are still trained', async () => {
    const { touched } = await train(ALL, { device });
    expect(touched).toEqual(Array.from({ length: UPDATES }, () => ['outside']));
  });

  it('skip the same layers for the same seed, and others for another seed', async () => {
    const first = await train(HALF, { device });
    expect(await train(HALF, { device })).toEqual(first);
    expect((await train(HALF, { device, seed: 2 })).touched).not.toEqual(first.touched);
  });

  it('give the same bits with --checkpoint-activations', async () => {
    expect(await train({ ...HALF, checkpointActivations: true }, { device })).toEqual(await train(HALF, { device }));
  });

  it('do not change the dropout masks', async () => {
    const never = { encoderLayerdrop: 1e-12, decoderLayerdrop: 1e-12 };
    expect(await train(never, { device })).toEqual(await train({}, { device }));
  });

  it('leave no tensor behind', async () => {
    await train(HALF, { device });
    const before = tf.memory().numTensors;
    await train(HALF, { device });
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('evaluation uses all layers', async () => {
  await openDevice('wasm', { threads: null });
  const batch = goldenBatches(1)[0]!;
  const features = (options: object): Float32Array => {
    const model = buildTransformer(referenceTask(), transformerOptions({ ...REFERENCE_OPTIONS, ...options }));
    const values = batchFeatures(model, batch).dataSync() as Float32Array;
    model.dispose();
    return values;
  };
  expect(features(ALL)).toEqual(features({}));
});

describe('the skipped layers', () => {
  const layers = [0, 1, 2, 3, 4, 5];
  const layerDrop = (probability: number): LayerDrop =>
    new LayerDrop(probability, {
      spec: ({ dropout }) => (dropout === null ? null : { ...dropout, probability, site: 9 }),
    });

  const PASSES = 2000;
  /** Whether each layer is kept, in each of many passes. */
  const keptIn = (probability: number): boolean[][] => {
    const passes = Array.from({ length: PASSES }, (_, update) =>
      layerDrop(probability).choose(layers, { dropout: { seed: 1, update, microBatch: 0 } }),
    );
    return layers.map((layer) => passes.map((kept) => kept.includes(layer)));
  };
  const share = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length;

  it.each([0.1, 0.5, 0.8])('are skipped in a fraction of %f of the passes', (probability) => {
    for (const kept of keptIn(probability)) expect(Math.abs(1 - share(kept) - probability)).toBeLessThan(0.04);
  });

  it('are drawn independently', () => {
    const kept = keptIn(0.5);
    for (const [one, other] of [...layers].flatMap((a) => layers.slice(a + 1).map((b) => [a, b] as const))) {
      const agree = share(kept[one]!.map((value, pass) => value === kept[other]![pass]));
      expect(Math.abs(agree - 0.5)).toBeLessThan(0.06);
    }
  });

  it('differ between micro-batches', () => {
    const draws = (microBatch: number): readonly number[][] =>
      Array.from({ length: 20 }, (_, update) => [
        ...layerDrop(0.5).choose(layers, { dropout: { seed: 1, update, microBatch } }),
      ]);
    expect(draws(0)).not.toEqual(draws(1));
  });

  it('do not exist in evaluation', () => {
    expect(layerDrop(1).choose(layers, EVALUATION)).toEqual(layers);
  });
});
