import { symmetricKl } from '../src/ops/symmetric-kl.js';
import { defineCriterion } from '../src/plugins/criterion.js';
import * as tf from '../src/tf/index.js';
import { accuracy, labelSmoothingOptions, smoothedCrossEntropy } from './label-smoothing.js';

/**
 * R-Drop (Liang et al. 2021): every batch goes through the model twice, with different dropout, and the two predictions
 * p and q of a row are drawn together:
 *   the label-smoothed losses of both passes + α · (KL(p‖q) + KL(q‖p)) / 2
 * As in fairseq the loss counts both passes and the sample size one, so that it is about twice that of one pass; without
 * dropout, in validation, both would be the same, so one is computed and counted twice. Where fairseq's nll_loss and ppl
 * count both passes too, ours are those of one, so that ppl stays a perplexity.
 */
export const labelSmoothedCrossEntropyWithRdrop = defineCriterion({
  name: 'label_smoothed_cross_entropy_with_rdrop',
  summary: 'cross entropy with smoothed labels that draws two dropout passes together (R-Drop)',
  options: {
    ...labelSmoothingOptions,
    rdropAlpha: { kind: 'float', default: 0, min: 0, help: 'α, the weight of the divergence; 0: one pass, no R-Drop' },
  },
  build: ({ rdropAlpha, ...options }) => ({
    paddingRows: 'drop',
    passes: rdropAlpha > 0 ? 2 : 1,
    forward({ scores, targets, passes }) {
      const statistics = scores.statistics();
      const crossEntropy = smoothedCrossEntropy(statistics, scores.classes, options);
      const nll = tf.neg(tf.sum(statistics.targetLogProb)) as tf.Scalar;
      const metrics = options.reportAccuracy ? accuracy(statistics, targets, scores) : {};
      if (passes === 1) return { loss: rdropAlpha > 0 ? tf.mul(crossEntropy, 2) : crossEntropy, nll, metrics };
      const divergence = tf.sum(symmetricKl(scores.logits())) as tf.Scalar;
      return {
        loss: tf.add(crossEntropy, tf.mul(divergence, rdropAlpha)),
        nll: tf.div(nll, 2),
        metrics: { ...metrics, rdrop_kl_loss: { sum: divergence, unit: 'nats' } },
      };
    },
  }),
});
