import * as tf from '@tensorflow/tfjs';
import { InternalError } from '../../src/errors.js';
import { dropout } from '../../src/ops/dropout.js';
import { tokenLayout } from '../../src/ops/row-layout.js';
import { ParameterStore } from '../../src/optim/parameter-store.js';
import { defineCriterion } from '../../src/plugins/criterion.js';
import {
  defineArchitecture,
  defineModel,
  type Mode,
  type TokenTable,
  type TranslationModel,
} from '../../src/plugins/model.js';

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
 * A minimal trainable model: the mean of the source's embeddings plus the embedding of the last target token, then a
 * linear layer and dropout. It does not support search.
 */
const toyModel = defineModel({
  name: 'toy',
  summary: 'for tests of training',
  options: {
    embedDim: { kind: 'int', default: 4, help: 'width' },
    dropout: { kind: 'float', default: 0.1, help: 'dropout' },
    heads: { kind: 'int', default: 1, help: 'shapes nothing, as the number of heads of an attention' },
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
    const lookUp = (table: tf.Tensor, { ids }: TokenTable): tf.Tensor2D =>
      tf.matMul(tf.oneHot(tf.tensor1d(ids, 'int32'), table.shape[0]!), table as tf.Tensor2D);
    const unsupported = (): never => {
      throw new InternalError('the toy model cannot search');
    };
    return {
      parameters: store,
      maxPositions: { source: maxSourcePositions, target: maxTargetPositions },
      encode: (tokens) => ({
        features: lookUp(source.tensor, tokens),
        layout: tokenLayout(tokens.ids, [tokens.batch, tokens.time], padIndex, 'all'),
      }),
      decode(prevOutput, { features, layout }, mode: Mode) {
        const { batch, time } = prevOutput;
        const means = tf.mean(tf.reshape(features, [batch, layout.time, embedDim]), 1, true);
        const sum = tf.add(tf.reshape(lookUp(target.tensor, prevOutput), [batch, time, embedDim]), means);
        const hidden = tf.matMul(tf.reshape(sum, [batch * time, embedDim]), projection.tensor as tf.Tensor2D);
        const spec = mode.dropout === null ? null : { ...mode.dropout, probability, site: 0 };
        return {
          features: dropout(hidden, spec) as tf.Tensor2D,
          positions: Int32Array.from({ length: batch * time }, (_, position) => position),
        };
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

/** Cross entropy; the loss of a batch with `blowUpAt` rows is NaN. */
export const toyCriterion = defineCriterion({
  name: 'toy_cross_entropy',
  summary: 'for tests of training',
  options: { blowUpAt: { kind: 'int', default: 0, help: 'rows of the batch whose loss is NaN' } },
  build: ({ blowUpAt }) => ({
    paddingRows: 'drop',
    forward({ scores }) {
      const nll = tf.neg(tf.sum(scores.statistics().targetLogProb)) as tf.Scalar;
      return { loss: scores.rows > 0 && scores.rows === blowUpAt ? tf.mul(nll, Number.NaN) : nll, nll };
    },
  }),
});
