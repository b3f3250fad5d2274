import { cpSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { builtInComponents } from '../../src/components.js';
import { devices } from '../../src/devices/index.js';
import { loadModels } from '../../src/inference/load-models.js';
import type { OpenedDevice } from '../../src/ops/opened-device.js';
import { loadWeights, type Release } from '../../src/optim/weights.js';
import { EVALUATION, type TranslationModel } from '../../src/plugins/model.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import {
  buildTransformer,
  goldenWeights,
  REFERENCE_OPTIONS,
  referenceModel,
  referenceTask,
  sourceTable,
  wholeSplit,
} from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const task = referenceTask();
const source = sourceTable(wholeSplit(task, 'valid'));

/** Features of the encoder, computed by operations, which read the float32 weights. */
function encode(model: TranslationModel): Float32Array {
  const { features, layout } = model.encode(source, EVALUATION);
  const values = features.dataSync() as Float32Array;
  tf.dispose([features, ...Object.values(layout.tensors)]);
  return values;
}

/** Compares bit for bit. vitest takes too long to print a difference of such arrays. */
const equal = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((value, index) => Object.is(value, b[index]));

const search = (model: TranslationModel): void => model.startFusedDecoding!(source, 2)!.dispose();

/** Counts the zeros in a tensor of the model. */
function zerosIn(tensor: tf.Tensor): number {
  return (tensor.dataSync() as Float32Array).reduce((zeros, value) => zeros + (value === 0 ? 1 : 0), 0);
}

describe('a model that only translates', () => {
  let stem: string;
  let model: TranslationModel;
  let device: OpenedDevice;
  beforeAll(async () => {
    device = await devices.get('cpu').open({ threads: 1 });
    stem = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
  });
  beforeEach(async () => {
    [model] = (await loadModels([stem], task, builtInComponents().architectures, device)) as [TranslationModel];
    return () => model.dispose();
  });

  it('discards the matrices that the search has packed, and nothing else', () => {
    const tensors = new Map(model.parameters.trainable.map(({ parts, tensor }) => [parts[0]!.name, tensor]));
    search(model);
    const matrix = tensors.get('decoder.layers.1.fc1.weight')!;
    expect(zerosIn(matrix)).toBeGreaterThan(matrix.size / 2); // all but the ends, which share pages with others
    for (const name of [
      'encoder.embed_tokens.weight',
      'decoder.layers.1.fc1.bias',
      'encoder.layers.0.final_layer_norm.weight',
    ])
      expect(zerosIn(tensors.get(name)!), name).toBeLessThan(tensors.get(name)!.size / 8); // the row of <pad>
  });

  it('reads them again, bit for bit, for operations that need them', () => {
    const before = encode(model);
    search(model);
    expect(equal(encode(model), before)).toBe(true);
    search(model);
    expect(equal(encode(model), before)).toBe(true);
  });

  it('reads them again to save the model', () => {
    const before = model.parameters.values.slice();
    search(model);
    expect(equal(model.parameters.values, before)).toBe(true);
  });

  it('reports an error if the checkpoint was replaced in the meantime', () => {
    const other = saveReferenceCheckpoint(join(folder, 'other'), 'update20');
    search(model);
    cpSync(`${other}.safetensors`, `${stem}.safetensors`);
    expect(() => encode(model)).toThrow(/trained\.safetensors has changed since it was opened; load the model again/);
    saveReferenceCheckpoint(stem, 'trained');
  });
});

describe('a model that was not loaded to translate', () => {
  it('keeps its weights when it searches, as in validation during training', () => {
    const model = referenceModel(task, 'trained');
    const { tensor } = model.parameters.trainable.find(
      ({ parts }) => parts[0]!.name === 'decoder.layers.1.fc1.weight',
    )!;
    const before = tensor.dataSync() as Float32Array;
    search(model);
    expect(equal(tensor.dataSync() as Float32Array, before)).toBe(true);
    model.dispose();
  });
});

describe('the weights of a checkpoint', () => {
  it('are freed one by one as they are copied, but not if two share memory', () => {
    const model = buildTransformer(task, REFERENCE_OPTIONS, null);
    const weights = new Map(goldenWeights('trained'));
    const [one, two] = ['encoder.layers.0.fc1.bias', 'encoder.layers.1.fc1.bias'] as const;
    weights.set(two, weights.get(one)!);
    const released: unknown[] = [];
    const release: Release = (values) => {
      released.push(values);
      values.fill(Number.NaN);
    };
    loadWeights(model.parameters, weights, 'trained', release);
    expect(model.parameters.values.some(Number.isNaN)).toBe(false);
    expect(released).toHaveLength(weights.size - 2);
    model.dispose();
  });
});
