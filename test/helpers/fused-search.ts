import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { transformer } from '../../models/transformer.js';
import { logProbabilities } from '../../src/ops/log-softmax.js';
import type { OptionsOf } from '../../src/options/schema.js';
import { EVALUATION, type FusedDecoding, type TokenTable, type TranslationModel } from '../../src/plugins/model.js';
import { transformerOptions } from './reference-model.js';

// Searches with a step of all layers in native code, and the same by operations.

const PAD = 1;
export const EOS = 2;
export const VOCAB = 45; // not a multiple of the panel size
export const BEAM = 3;

type Options = Partial<OptionsOf<typeof transformer.options>>;

const BASE: Options = {
  ...{ encoderEmbedDim: 24, encoderFfnEmbedDim: 40, encoderLayers: 2, encoderAttentionHeads: 2 },
  ...{ decoderFfnEmbedDim: 56, decoderLayers: 2, decoderAttentionHeads: 3, dropout: 0.3 },
};

/** Every property of a model that changes the work of the engine. */
export const MODELS: Readonly<Record<string, Options>> = {
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

/** Disposes the models that `build` returned. */
export function disposeModels(): void {
  for (const model of models.splice(0)) model.dispose();
}

/** A model whose biases and gains are not those of a new one, on the current device. */
export function build(options: Options, vocab = VOCAB): TranslationModel {
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
export function sentences(lengths: readonly number[]): TokenTable {
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

/** A step of a search. */
export interface SearchStep {
  readonly tokens: Int32Array;
  readonly rows: Int32Array; // the rows that are selected after it
}

/** Tokens and rows of a search that reorders beams and drops a sentence after its third step. */
export function* steps(sentenceCount: number): Generator<SearchStep> {
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
export function* dropsMost(sentenceCount: number): Generator<SearchStep> {
  const all = Array.from({ length: sentenceCount * BEAM }, (_, row) => row);
  const kept = all.slice(0, Math.floor(sentenceCount / 4) * BEAM);
  const parents = kept.map((row) => Math.floor(row / BEAM) * 4 * BEAM + ((row + 1) % BEAM));
  const tokens = (rows: readonly number[], step: number): Int32Array =>
    Int32Array.from(rows, (row) => (step === 0 ? EOS : 4 + ((5 * row + step) % 40)));
  yield { tokens: tokens(all, 0), rows: Int32Array.from(all) };
  yield { tokens: tokens(all, 1), rows: Int32Array.from(parents) };
  for (let step = 2; step < 4; step++) yield { tokens: tokens(kept, step), rows: Int32Array.from(kept) };
}

export const LENGTHS = [5, 17, 1, 33];
/** Enough rows that rows of finished sentences are removed. */
export const MANY = Array.from({ length: 40 }, (_, index) => 1 + (index % 20));

interface Outcome {
  readonly features: Float32Array[];
  readonly logProbs: Float32Array[];
}

export function composite(model: TranslationModel, source: TokenTable, search = steps(source.batch)): Outcome {
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

export function fused<T>(model: TranslationModel, source: TokenTable, work: (decoding: FusedDecoding) => T): T {
  const decoding = model.startFusedDecoding!(source, BEAM);
  expect(decoding).not.toBeNull();
  try {
    return work(decoding!);
  } finally {
    decoding!.dispose();
  }
}

export const fusedFeatures = (
  model: TranslationModel,
  source: TokenTable,
  search = steps(source.batch),
): Float32Array[] =>
  fused(model, source, (decoding) =>
    [...search].map(({ tokens, rows }) => {
      const features = tf.tidy(() => decoding.step(tokens).dataSync() as Float32Array);
      decoding.select(rows);
      return features;
    }),
  );

export function largestDifference(actual: readonly Float32Array[], expected: readonly Float32Array[]): number {
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

/** What `choices` chooses from. */
export const CHOICES = [
  { vocab: VOCAB, temperature: 1, penalised: false },
  { vocab: VOCAB, temperature: 0.7, penalised: true },
  { vocab: 1500, temperature: 1, penalised: false },
  { vocab: 1500, temperature: 0.7, penalised: true },
];

/** The likeliest classes after each step, by the search and by operations: float32 [rows, 2 · width]. */
export function choices(
  model: TranslationModel,
  source: TokenTable,
  { vocab, temperature, penalised }: (typeof CHOICES)[number],
): { readonly actual: Float32Array[]; readonly expected: Float32Array[] } {
  const width = 7;
  const penalties = penalised ? Float32Array.from({ length: vocab }, (_, i) => (i % 5 === 0 ? -Infinity : -0.1)) : null;
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
  return { actual, expected };
}
