import { defineCriterion } from '../src/plugins/criterion.js';
import * as tf from '../src/tf/index.js';
import { accuracy, labelSmoothingOptions, smoothedCrossEntropy } from './label-smoothing.js';

/** Szegedy et al. 2016: spreads the label over the other classes, as fairseq does, or over all, as the paper does. */
export const labelSmoothedCrossEntropy = defineCriterion({
  name: 'label_smoothed_cross_entropy',
  summary: 'cross entropy with smoothed labels',
  options: labelSmoothingOptions,
  build: (options) => ({
    paddingRows: 'drop',
    forward({ scores, targets }) {
      const statistics = scores.statistics();
      return {
        loss: smoothedCrossEntropy(statistics, scores.classes, options),
        nll: tf.neg(tf.sum(statistics.targetLogProb)) as tf.Scalar,
        metrics: options.reportAccuracy ? accuracy(statistics, targets, scores) : {},
      };
    },
  }),
});
