import * as tf from '@tensorflow/tfjs';
import { supportsBfloat16 } from 'tfjs-backend-onednn';
import { afterEach, describe, expect, it } from 'vitest';
import { openDevice } from '../../../src/devices/index.js';
import { UserError } from '../../../src/errors.js';
import {
  BEAM,
  build,
  CHOICES,
  choices,
  composite,
  disposeModels,
  dropsMost,
  EOS,
  fused,
  fusedFeatures,
  LENGTHS,
  largestDifference,
  MANY,
  MODELS,
  sentences,
  VOCAB,
} from '../../../test/helpers/fused-search.js';

afterEach(disposeModels);

describe('a step of all layers in native code', () => {
  describe.each(Object.entries(MODELS))('%s', (_, options) => {
    it.each([
      { precision: 'float32', flags: {}, bound: 2e-5 },
      ...(supportsBfloat16() ? [{ precision: 'bfloat16', flags: { bfloat16: true }, bound: 0.12 }] : []),
      { precision: 'int8', flags: { int8: true }, bound: 0.2 },
    ])('has the same features as the operations, in $precision', async ({ precision, flags, bound }) => {
      await openDevice('cpu', { threads: null });
      const expected = composite(build(options), sentences(LENGTHS)).features;
      const { description } = await openDevice('cpu', { threads: null, ...flags });
      expect(description.products ?? 'float32').toBe(precision);
      const difference = largestDifference(fusedFeatures(build(options), sentences(LENGTHS)), expected);
      expect(difference).toBeLessThan(bound);
      if (precision !== 'float32') expect(difference).toBeGreaterThan(1e-4);
    });
  });

  it('has them for a batch after a larger one', async () => {
    await openDevice('cpu', { threads: null });
    const model = build({});
    const source = sentences(MANY);
    const expected = composite(model, source, dropsMost(MANY.length)).features;
    expect(largestDifference(fusedFeatures(model, source, dropsMost(MANY.length)), expected)).toBeLessThan(2e-5);
  });

  it.each(CHOICES)('chooses the same classes as a sort of log p: $vocab, $temperature, $penalised', async (choice) => {
    await openDevice('cpu', { threads: null });
    const { actual, expected } = choices(build({}, choice.vocab), sentences(LENGTHS), choice);
    expect(largestDifference(actual, expected)).toBeLessThan(5e-5); // classes are integers, so they are equal
  });

  it('reads changed weights', async () => {
    await openDevice('cpu', { threads: null });
    const model = build({});
    const before = fusedFeatures(model, sentences(LENGTHS));
    model.parameters.values.forEach((value, index, values) => {
      values[index] = value * 0.9;
    });
    model.parameters.valuesChanged();
    const after = fusedFeatures(model, sentences(LENGTHS));
    expect(largestDifference(after, before)).toBeGreaterThan(1e-3);
    expect(largestDifference(after, composite(model, sentences(LENGTHS)).features)).toBeLessThan(2e-5);
  });

  it('computes the same with one thread and with two', async () => {
    const features: Float32Array[][] = [];
    for (const threads of [1, 2]) {
      await openDevice('cpu', { threads });
      features.push(fusedFeatures(build({}), sentences(LENGTHS)));
    }
    expect(largestDifference(features[1]!, features[0]!)).toBe(0);
  });

  it.each(['gelu', 'tanh', 'linear'] as const)('leaves a model with %s to the operations', async (activationFn) => {
    await openDevice('cpu', { threads: null });
    expect(build({ activationFn }).startFusedDecoding!(sentences(LENGTHS), BEAM)).toBeNull();
  });

  it('is available to the models of its device, even if another device is opened later', async () => {
    await openDevice('cpu', { threads: null });
    const model = build({});
    const before = fusedFeatures(model, sentences(LENGTHS));
    await openDevice('wasm', { threads: null });
    expect(build({}).startFusedDecoding!(sentences(LENGTHS), BEAM)).toBeNull();
    model.parameters.useDevice();
    expect(largestDifference(fusedFeatures(model, sentences(LENGTHS)), before)).toBe(0);
  });

  it.each([
    ['weights of an int8 product are NaN or infinite', Number.NaN, 'encoder.layers.0.fc1.weight'],
    ['weights of an int8 product are NaN or infinite', Number.POSITIVE_INFINITY, 'decoder.layers.1.fc2.weight'],
    ['activations of an int8 product are NaN or infinite', Number.NaN, 'encoder.embed_tokens.weight'],
  ])('rejects in int8: %s (%s in %s)', async (problem, value, name) => {
    await openDevice('cpu', { threads: 2, int8: true });
    const model = build({});
    const { parameters } = model;
    parameters.view(parameters.values, parameters.parameters.find((parameter) => parameter.name === name)!).fill(value);
    parameters.valuesChanged();
    const start = () => model.startFusedDecoding!(sentences(LENGTHS), BEAM);
    expect(start).toThrow(UserError);
    expect(start).toThrow(problem);
  });

  it('rejects tokens and rows that do not exist', async () => {
    await openDevice('cpu', { threads: null });
    const model = build({});
    fused(model, sentences([3, 4]), (decoding) => {
      const tokens = new Int32Array(2 * BEAM).fill(EOS);
      expect(() => decoding.step(tokens.subarray(1))).toThrow('5 tokens for 6 rows');
      expect(() => decoding.step(tokens.map((token, row) => (row === 3 ? VOCAB : token)))).toThrow('token id 45');
      tf.tidy(() => void decoding.step(tokens));
      expect(() => decoding.select(Int32Array.of(0, 1, 6))).toThrow('row 6');
      expect(() => decoding.select(Int32Array.of(0, 1))).toThrow('must be a multiple of the beam 3');
      expect(() => decoding.stepTop(tokens, VOCAB + 1, 1, null)).toThrow('width must be at most the 45 classes');
    });
  });
});
