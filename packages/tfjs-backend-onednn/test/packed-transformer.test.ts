import * as tf from '@tensorflow/tfjs';
import { supportsBfloat16 } from 'tfjs-backend-onednn';
import { afterEach, describe, expect, it } from 'vitest';
import { transformer } from '../../../models/transformer.js';
import { openDevice } from '../../../src/devices/index.js';
import { UserError } from '../../../src/errors.js';
import { logProbabilities } from '../../../src/ops/log-softmax.js';
import type { OptionsOf } from '../../../src/options/schema.js';
import { EVALUATION, type FusedDecoding, type TokenTable, type TranslationModel } from '../../../src/plugins/model.js';
import { transformerOptions } from '../../../test/helpers/reference-model.js';

const PAD = 1;
const EOS = 2;
const VOCAB = 45; // not a multiple of the panel size
const BEAM = 3;

type Options = Partial<OptionsOf<typeof transformer.options>>;

const BASE: Options = {
  ...{ encoderEmbedDim: 24, encoderFfnEmbedDim: 40, encoderLayers: 2, encoderAttentionHeads: 2 },
  ...{ decoderFfnEmbedDim: 56, decoderLayers: 2, decoderAttentionHeads: 3, dropout: 0.3 },
};

/** Every property of a model that changes the work of the engine. */
const MODELS: Readonly<Record<string, Options>> = {
  'norms after the sum': {},
  'norms before sublayers': { encoderNormalizeBefore: true, decoderNormalizeBefore: true },
  'norms before sublayers in the decoder only': { decoderNormalizeBefore: true },
  'learned positions, normalised embeddings': {
    ...{ encoderLearnedPos: true, decoderLearnedPos: true, layernormEmbedding: true },
  },
  'one table, no scale, no positional embeddings': {
    ...{ shareAllEmbeddings: true, noScaleEmbedding: true, noTokenPositionalEmbeddings: true },
  },
  'heads of 64': { encoderEmbedDim: 128, encoderAttentionHeads: 2, decoderAttentionHeads: 2 },
};

const models: TranslationModel[] = [];
afterEach(() => {
  for (const model of models.splice(0)) model.dispose();
});

function build(options: Options, vocab = VOCAB): TranslationModel {
  const model = transformer.build(transformerOptions({ ...BASE, ...options }), {
    ...{ sourceVocab: vocab, targetVocab: vocab, padIndex: PAD, eosIndex: EOS, joinedDictionary: true, seed: 7 },
    ...{ maxSourcePositions: 64, maxTargetPositions: 64 },
  });
  // Biases and gains that differ from those of a new model.
  const { parameters } = model;
  parameters.parameters.forEach((parameter, index) => {
    const values = parameters.view(parameters.values, parameter);
    // The last classes of a large vocabulary repeat the first ones.
    if (vocab > VOCAB && parameter.shape[0] === vocab) values.copyWithin(values.length / 2, 0, values.length / 2);
    if (parameter.shape.length > 1) return;
    for (let i = 0; i < values.length; i++) values[i]! += 0.2 * Math.sin(index + i);
  });
  parameters.valuesChanged();
  models.push(model);
  return model;
}

/** Sentences of these lengths, padded on the left. */
function sentences(lengths: readonly number[]): TokenTable {
  const time = Math.max(...lengths);
  const ids = new Int32Array(lengths.length * time).fill(PAD);
  lengths.forEach((length, sentence) => {
    for (let i = 0; i < length; i++) {
      const isLast = i === length - 1;
      ids[(sentence + 1) * time - length + i] = isLast ? EOS : 4 + ((7 * i + 11 * sentence) % (VOCAB - 4));
    }
  });
  return { ids, batch: lengths.length, time };
}

interface SearchStep {
  readonly tokens: Int32Array;
  readonly rows: Int32Array; // the rows that are selected after it
}

/** Tokens and rows of a search that reorders beams and drops a sentence after its third step. */
function* steps(sentenceCount: number): Generator<SearchStep> {
  let active = sentenceCount;
  for (let step = 0; step < 6; step++) {
    const rows = active * BEAM;
    const tokens = Int32Array.from({ length: rows }, (_, row) => (step === 0 ? EOS : 4 + ((5 * row + step) % 40)));
    const drops = step === 2 && active > 1;
    const kept = drops ? active - 1 : active;
    const parents = Int32Array.from({ length: kept * BEAM }, (_, row) => {
      const sentence = Math.floor(row / BEAM) + (drops && row >= BEAM ? 1 : 0); // the second one ends
      return sentence * BEAM + ((row * 2 + step) % BEAM);
    });
    active = kept;
    yield { tokens, rows: parents };
  }
}

/** Two steps of all sentences, then of every fourth one with reordered beams. */
function* dropsMost(sentenceCount: number): Generator<SearchStep> {
  const all = Array.from({ length: sentenceCount * BEAM }, (_, row) => row);
  const kept = all.slice(0, Math.floor(sentenceCount / 4) * BEAM);
  const parents = kept.map((row) => Math.floor(row / BEAM) * 4 * BEAM + ((row + 1) % BEAM));
  const tokens = (rows: readonly number[], step: number): Int32Array =>
    Int32Array.from(rows, (row) => (step === 0 ? EOS : 4 + ((5 * row + step) % 40)));
  yield { tokens: tokens(all, 0), rows: Int32Array.from(all) };
  yield { tokens: tokens(all, 1), rows: Int32Array.from(parents) };
  for (let step = 2; step < 4; step++) yield { tokens: tokens(kept, step), rows: Int32Array.from(kept) };
}

const LENGTHS = [5, 17, 1, 33];
/** Enough rows that rows of finished sentences are removed. */
const MANY = Array.from({ length: 40 }, (_, index) => 1 + (index % 20));

interface Outcome {
  readonly features: Float32Array[];
  readonly logProbs: Float32Array[];
}

function composite(model: TranslationModel, source: TokenTable, search = steps(source.batch)): Outcome {
  const outcome: Outcome = { features: [], logProbs: [] };
  tf.tidy(() => {
    const state = model.startDecoding(model.encode(source, EVALUATION), BEAM, 10);
    for (const { tokens, rows } of search) {
      const { features } = model.decodeStep(tf.tensor1d(tokens, 'int32'), state);
      outcome.features.push(features.dataSync() as Float32Array);
      const { weights } = model.classifier(features);
      const logits: tf.Tensor2D = tf.matMul(features, weights, false, true);
      outcome.logProbs.push(logProbabilities(logits).dataSync() as Float32Array);
      state.select(rows);
    }
    state.dispose();
  });
  return outcome;
}

function fused<T>(model: TranslationModel, source: TokenTable, work: (decoding: FusedDecoding) => T): T {
  const decoding = model.startFusedDecoding!(source, BEAM);
  expect(decoding).not.toBeNull();
  try {
    return work(decoding!);
  } finally {
    decoding!.dispose();
  }
}

const fusedFeatures = (model: TranslationModel, source: TokenTable, search = steps(source.batch)): Float32Array[] =>
  fused(model, source, (decoding) =>
    [...search].map(({ tokens, rows }) => {
      const features = tf.tidy(() => decoding.step(tokens).dataSync() as Float32Array);
      decoding.select(rows);
      return features;
    }),
  );

function largestDifference(actual: readonly Float32Array[], expected: readonly Float32Array[]): number {
  expect(actual.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  let largest = 0;
  actual.forEach((values, step) => {
    values.forEach((value, index) => {
      const difference = Math.abs(value - expected[step]![index]!);
      if (!(difference <= largest)) largest = difference;
    });
  });
  return largest;
}

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

  it.each([
    { vocab: VOCAB, temperature: 1, penalised: false },
    { vocab: VOCAB, temperature: 0.7, penalised: true },
    { vocab: 1500, temperature: 1, penalised: false },
    { vocab: 1500, temperature: 0.7, penalised: true },
  ])('chooses the same classes as a sort of log p: $vocab, $temperature, $penalised', async (given) => {
    const { vocab, temperature, penalised } = given;
    await openDevice('cpu', { threads: null });
    const model = build({}, vocab);
    const source = sentences(LENGTHS);
    const width = 7;
    const penalties = penalised
      ? Float32Array.from({ length: vocab }, (_, i) => (i % 5 === 0 ? -Infinity : -0.1))
      : null;
    const expected = composite(model, source).features.map((features) =>
      tf.tidy(() => {
        const table = tf.tensor2d(features, [features.length / 24, 24]);
        const logits: tf.Tensor2D = tf.matMul(table, model.classifier(table).weights, false, true);
        const logProbs = logProbabilities(tf.div<tf.Tensor2D>(logits, temperature));
        const { values, indices } = tf.topk(penalties === null ? logProbs : tf.add(logProbs, penalties), width);
        return tf.concat([values, tf.cast(indices, 'float32')], 1).dataSync() as Float32Array;
      }),
    );
    const actual = fused(model, source, (decoding) =>
      [...steps(source.batch)].map(({ tokens, rows }) => {
        const table = decoding.stepTop(tokens, width, temperature, penalties).slice();
        decoding.select(rows);
        return table;
      }),
    );
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
