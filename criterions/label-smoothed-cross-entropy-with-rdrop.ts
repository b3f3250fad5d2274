import { symmetricKl } from '../src/ops/symmetric-kl.js';
import { defineCriterion } from '../src/plugins/criterion.js';
import * as tf from '../src/tf/index.js';
import { accuracy, labelSmoothingOptions, smoothedCrossEntropy } from './label-smoothing.js';

/**
 * R-Drop (Liang et al. 2021): the model computes each batch twice with different dropout, and the loss includes the
 * divergence of the two predictions p and q of each row:
 *   label-smoothed losses of both passes + α · (KL(p‖q) + KL(q‖p)) / 2
 * As in fairseq, the loss sums both passes but the sample size counts one, so the loss is about twice that of one pass.
 * In validation, without dropout, both passes are equal: one is computed and counted twice. fairseq's nll_loss and ppl
 * also sum both passes; here they are averages, so that ppl remains a perplexity.
 */
export const labelSmoothedCrossEntropyWithRdrop = defineCriterion({
  name: 'label_smoothed_cross_entropy_with_rdrop',
  summary: 'cross entropy with smoothed labels plus the divergence of two dropout passes (R-Drop)',
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
