import { defineCriterion } from '../src/plugins/criterion.js';
import * as tf from '../src/tf.js';

/**
 * Szegedy et al. 2016. fairseq gives ε/(V−1) to each of the other classes:
 *   (1 − ε)·(−log p_y) + ε/(V−1) · Σ_{v ≠ y} (−log p_v)
 * the paper of the encouraging loss ε/V to every class:
 *   (1 − ε)·(−log p_y) + ε/V · Σ_v (−log p_v)
 */
export const labelSmoothedCrossEntropy = defineCriterion({
  name: 'label_smoothed_cross_entropy',
  summary: 'cross entropy with smoothed labels',
  options: {
    labelSmoothing: { kind: 'float', default: 0, min: 0, max: 1, help: 'ε, the share of the label that is spread' },
    smoothingClasses: {
      kind: 'choice',
      choices: ['others', 'all'],
      default: 'others',
      help: "which classes share ε: the others, ε/(V−1) each (fairseq's), or all, ε/V each",
    },
  },
  build: ({ labelSmoothing, smoothingClasses }) => ({
    paddingRows: 'drop',
    forward({ scores }) {
      const { targetLogProb, meanLogProb } = scores.statistics();
      const ofEach = labelSmoothing / (smoothingClasses === 'others' ? scores.classes - 1 : scores.classes);
      const ofTarget = 1 - labelSmoothing - (smoothingClasses === 'others' ? ofEach : 0);
      const rows = tf.add(tf.mul(targetLogProb, ofTarget), tf.mul(meanLogProb, ofEach * scores.classes));
      return { loss: tf.neg(tf.sum(rows)) as tf.Scalar, nll: tf.neg(tf.sum(targetLogProb)) as tf.Scalar };
    },
  }),
});
