import { defineCriterion } from '../src/plugins/criterion.js';
import * as tf from '../src/tf/index.js';

/** −log p of the target. */
export const crossEntropy = defineCriterion({
  name: 'cross_entropy',
  summary: '−log p of the target',
  options: {},
  build: () => ({
    paddingRows: 'drop',
    forward({ scores }) {
      const nll = tf.neg(tf.sum(scores.statistics().targetLogProb)) as tf.Scalar;
      return { loss: nll, nll };
    },
  }),
});
