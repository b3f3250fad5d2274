import { defineCriterion } from '../src/plugins/criterion.js';
import * as tf from '../src/tf/index.js';
import { accuracy, labelSmoothingOptions, smoothedCrossEntropy } from './label-smoothing.js';

/** Szegedy et al. 2016: the label is spread over the other classes (fairseq's way), or over all (the paper's). */
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
