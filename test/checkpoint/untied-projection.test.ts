import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { transformer } from '../../models/transformer.js';
import type { CheckpointMetadata } from '../../src/checkpoint/metadata.js';
import { projectionShape, withOutputProjection } from '../../src/checkpoint/untied-projection.js';
import { openDevice } from '../../src/devices/index.js';
import { loadWeights } from '../../src/optim/weights.js';
import type { OptionsOf } from '../../src/options/schema.js';
import { defineArchitecture } from '../../src/plugins/model.js';
import {
  batchFeatures,
  buildTransformer,
  REFERENCE_OPTIONS,
  referenceTask,
  transformerOptions,
} from '../helpers/reference-model.js';
import { toyArchitecture } from '../helpers/toy-plugins.js';

beforeAll(() => openDevice('wasm', { threads: 1 }));

const task = referenceTask();
const batch = task.collate(task.loadSplit('valid'), Int32Array.of(0, 1));
const architecture = defineArchitecture({
  name: 'transformer',
  summary: '',
  model: transformer as never,
  defaults: {},
});
const metadataOf = (options: object): CheckpointMetadata => ({
  version: 'test',
  task: 'translation',
  arch: 'transformer',
  options: { ...options, criterion: 'encouraging' },
  languages: { source: 'de', target: 'en' },
  dictionaries: {},
  training: null,
  machine: null,
  averageOf: ['a', 'b'],
  fairseq: { state: null, precision: 'F32' },
});

describe('a checkpoint with another output projection', () => {
  it.each([
    { shareAllEmbeddings: true },
    { shareAllEmbeddings: false, shareDecoderInputOutputEmbed: true },
    { shareAllEmbeddings: false, shareDecoderInputOutputEmbed: false },
  ])('is the same model but for the projection: $shareAllEmbeddings, $shareDecoderInputOutputEmbed', (shared) => {
    const options = transformerOptions({ ...REFERENCE_OPTIONS, ...shared });
    const model = buildTransformer(task, options);
    const { classes, embed } = projectionShape('stem', architecture, model.parameters);
    const projection = Float32Array.from({ length: classes * embed }, (_, index) => Math.sin(index));
    const saved = withOutputProjection('stem', metadataOf(options), architecture, model.parameters, projection);
    expect(saved.metadata).toMatchObject({
      options: { criterion: 'encouraging', shareAllEmbeddings: false, shareDecoderInputOutputEmbed: false },
      training: null,
      averageOf: ['a', 'b'],
    });
    expect(saved.metadata).not.toHaveProperty('fairseq');
    const recorded = transformerOptions(saved.metadata.options as Partial<OptionsOf<typeof transformer.options>>);
    const loaded = buildTransformer(task, recorded, null);
    loadWeights(loaded.parameters, saved.weights, 'stem');
    const [before, after] = [model, loaded].map((one) => tf.tidy(() => batchFeatures(one, batch).dataSync()));
    expect(after).toEqual(before);
    const weights = tf.tidy(() => loaded.classifier(tf.zeros([1, embed])).weights.dataSync());
    expect(weights).toEqual(projection);
    model.dispose();
    loaded.dispose();
  });

  it('is refused for a model that shares nothing that could be told apart', () => {
    const model = toyArchitecture.model.build(
      { embedDim: 4, dropout: 0 },
      {
        ...{ sourceVocab: 5, targetVocab: 5, padIndex: 1, eosIndex: 2, joinedDictionary: true },
        ...{ maxSourcePositions: 9, maxTargetPositions: 9, seed: 1 },
      },
    );
    expect(() => projectionShape('stem', toyArchitecture, model.parameters)).toThrow(
      "the model 'toy' of stem has no output projection that can be replaced",
    );
    model.dispose();
  });
});
