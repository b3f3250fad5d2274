import * as tf from '@tensorflow/tfjs';
import { describe, expect, it, vi } from 'vitest';
import { EncoderAttention } from '../../src/nn/multihead-attention.js';
import { ParameterStore } from '../../src/optim/parameter-store.js';
import type { FusedDecoding, TokenTable, TranslationModel } from '../../src/plugins/model.js';
import { EnsembleDecoding } from '../../src/search/ensemble.js';
import { buildTransformer, referenceTask } from '../helpers/reference-model.js';

const MESSAGE = 'no memory for this model';
const SIZES = { beam: 2, capacity: 10 };

const fail = (): never => {
  throw new Error(MESSAGE);
};

/** A model with only the parts that the start of a search uses. */
const fake = (parts: Partial<TranslationModel>): TranslationModel =>
  ({ parameters: new ParameterStore(), ...parts }) as TranslationModel;

/** A sentence of three tokens including </s>. */
const source: TokenTable = { ids: Int32Array.of(5, 6, 2), batch: 1, time: 3 };

/** A model computed by operations, with its position tables already created. */
async function inOperations(): Promise<TranslationModel> {
  await tf.setBackend('cpu');
  const model = buildTransformer(referenceTask());
  (await EnsembleDecoding.start([model], source, { ...SIZES, attention: true })).dispose();
  return model;
}

describe('the start of a search with several models', () => {
  it('disposes the native decodings already started when a later model fails', async () => {
    const disposed: string[] = [];
    const begins = (name: string): TranslationModel =>
      fake({ startFusedDecoding: () => ({ dispose: () => void disposed.push(name) }) as FusedDecoding });
    const models = [begins('first'), begins('second'), fake({ startFusedDecoding: fail })];
    await expect(EnsembleDecoding.start(models, source, { ...SIZES, attention: false })).rejects.toThrow(MESSAGE);
    expect(disposed).toEqual(['first', 'second']);
  });

  it('leaves no tensor of the first model when the second fails', async () => {
    const model = await inOperations();
    const options = { ...SIZES, attention: true };
    const { numTensors } = tf.memory();
    await expect(EnsembleDecoding.start([model, fake({ encode: fail })], source, options)).rejects.toThrow(MESSAGE);
    expect(tf.memory().numTensors).toBe(numTensors);
    model.dispose();
  });

  it('leaves no tensor of a model that fails in its second layer', async () => {
    const model = await inOperations();
    const options = { ...SIZES, attention: true };
    const { numTensors } = tf.memory();
    const { projectSource } = EncoderAttention.prototype;
    let layers = 0;
    const spy = vi.spyOn(EncoderAttention.prototype, 'projectSource').mockImplementation(function (
      this: EncoderAttention,
      features,
    ) {
      layers += 1;
      return layers === 2 ? fail() : projectSource.call(this, features);
    });
    await expect(EnsembleDecoding.start([model], source, options)).rejects.toThrow(MESSAGE);
    spy.mockRestore();
    expect(tf.memory().numTensors).toBe(numTensors);
    model.dispose();
  });
});
