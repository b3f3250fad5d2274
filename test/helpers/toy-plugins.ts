import { InternalError } from '../../src/errors.js';
import { dropout } from '../../src/ops/dropout.js';
import { ParameterStore } from '../../src/optim/parameter-store.js';
import { defineCriterion } from '../../src/plugins/criterion.js';
import { defineArchitecture, defineModel, type Mode, type TranslationModel } from '../../src/plugins/model.js';
import * as tf from '../../src/tf.js';

/** Numbers in [0, 1) from a linear congruential generator (Numerical Recipes). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x100000000;
  };
}

const uniform = (values: Float32Array, _: readonly number[], random: () => number): void => {
  for (let index = 0; index < values.length; index++) values[index] = random() - 0.5;
};

/**
 * The least that trains like a model: the mean of the source's embeddings plus that of the last target token, through a
 * linear layer and dropout. It cannot search.
 */
const toyModel = defineModel({
  name: 'toy',
  summary: 'for tests of training',
  options: {
    embedDim: { kind: 'int', default: 4, help: 'width' },
    dropout: { kind: 'float', default: 0.1, help: 'dropout' },
  },
  build(
    { embedDim, dropout: probability },
    { sourceVocab, targetVocab, padIndex, maxSourcePositions, maxTargetPositions, seed },
  ): TranslationModel {
    const store = new ParameterStore();
    const source = store.parameter('source.weight', [sourceVocab, embedDim], uniform);
    const target = store.parameter('target.weight', [targetVocab, embedDim], uniform);
    const projection = store.parameter('projection.weight', [embedDim, embedDim], uniform);
    store.build(seed === null ? null : randomNumbers(seed));
    const lookUp = (table: tf.Tensor, ids: tf.Tensor2D): tf.Tensor3D =>
      tf.reshape(tf.matMul(tf.oneHot(tf.reshape(ids, [-1]), table.shape[0]!), table as tf.Tensor2D), [
        ...ids.shape,
        embedDim,
      ]);
    const unsupported = (): never => {
      throw new InternalError('the toy model cannot search');
    };
    return {
      parameters: store,
      maxPositions: { source: maxSourcePositions, target: maxTargetPositions },
      encode: (tokens: tf.Tensor2D) => ({
        features: lookUp(source.tensor, tokens),
        paddingMask: tf.cast(tf.equal(tokens, padIndex), 'int32'),
      }),
      decode(prevOutputTokens, { features }, mode: Mode) {
        const sum = tf.add(lookUp(target.tensor, prevOutputTokens), tf.mean(features, 1, true));
        const [batch, time] = prevOutputTokens.shape;
        const hidden = tf.matMul(tf.reshape(sum, [batch * time, embedDim]), projection.tensor as tf.Tensor2D);
        const spec = mode.dropout === null ? null : { ...mode.dropout, probability, site: 0 };
        return tf.reshape(dropout(hidden, spec), [batch, time, embedDim]);
      },
      classifier: (features) => ({ features, weights: target.tensor as tf.Tensor2D }),
      startDecoding: unsupported,
      decodeStep: unsupported,
      dispose: () => store.dispose(),
    };
  },
});

export const toyArchitecture = defineArchitecture({
  name: 'toy',
  summary: 'for tests of training',
  model: toyModel as never,
  defaults: {},
});

/** Cross entropy; `blowUpAt` makes the loss of a batch with so many rows NaN. */
export const toyCriterion = defineCriterion({
  name: 'toy_cross_entropy',
  summary: 'for tests of training',
  options: { blowUpAt: { kind: 'int', default: 0, help: 'rows of the batch whose loss is NaN' } },
  build: ({ blowUpAt }) => ({
    paddingRows: 'drop',
    forward({ scores }) {
      const nll = tf.neg(tf.sum(scores.statistics().targetLogProb)) as tf.Scalar;
      return { loss: scores.rows === blowUpAt ? tf.mul(nll, Number.NaN) : nll, nll };
    },
  }),
});
