import type { ClassFunction } from '../src/ops/class-function.js';
import type { RowScores } from '../src/ops/row-scores.js';
import { defineCriterion } from '../src/plugins/criterion.js';
import * as tf from '../src/tf/index.js';

/**
 * Σ_v (y_v − p_v)² over the classes of a row, where y is 1 for the target and 0 for other classes. With the mirror
 * bonus of Zhao et al. 2022, section 5.5: Σ_v [(y_v − p_v)² − (y_v·p_v)² − ((1−y_v)·(1−p_v))²]. p is the softmax of the
 * scores or the sigmoid of each score. The logged nll always comes from the softmax, which search uses.
 */
export const meanSquareError = defineCriterion({
  name: 'mse',
  summary: 'squared errors of the probabilities, optionally with the mirror bonus',
  options: {
    mseActivation: {
      kind: 'choice',
      choices: ['softmax', 'sigmoid'],
      default: 'softmax',
      help: 'function that turns scores into probabilities',
    },
    mirrorBonus: {
      kind: 'boolean',
      default: false,
      help: 'reward well-classified tokens with the squares of 1 − error',
    },
  },
  build: ({ mseActivation, mirrorBonus }) => ({
    paddingRows: 'drop',
    forward({ scores, targets }) {
      const { loss, targetLogProb } = (mseActivation === 'softmax' ? softmaxError : sigmoidError)(
        scores,
        targets,
        mirrorBonus,
      );
      return { loss: tf.sum(loss) as tf.Scalar, nll: tf.neg(tf.sum(targetLogProb)) as tf.Scalar };
    },
  }),
});

interface RowErrors {
  readonly loss: tf.Tensor; // float32 [rows]
  readonly targetLogProb: tf.Tensor1D; // float32 [rows]
}

/** −p² */
const NEGATIVE_SQUARE: ClassFunction = { family: 'power', exponent: 2, start: 0, abrupt: 0 };

/**
 * With p of the target and q = 1 − p: q² + Σ_v p_v² − p². With the bonus the squares cancel and Σ_v p_v = 1, which
 * leaves 4·q − V.
 */
function softmaxError(scores: RowScores, _: tf.Tensor1D, mirrorBonus: boolean): RowErrors {
  const { targetLogProb, sums } = scores.statistics(mirrorBonus ? [] : [NEGATIVE_SQUARE]);
  const error = tf.neg(tf.expm1(targetLogProb)); // q
  if (mirrorBonus) return { loss: tf.sub(tf.mul(error, 4), scores.classes), targetLogProb };
  const ofOthers = tf.neg(tf.add(sums[0]!, tf.exp(tf.mul(targetLogProb, 2))));
  return { loss: tf.add(tf.square(error), ofOthers), targetLogProb };
}

/** Σ_v σ(s_v)², where s is the score, negated for the target. The bonus subtracts Σ_v σ(−s_v)². */
function sigmoidError(scores: RowScores, targets: tf.Tensor1D, mirrorBonus: boolean): RowErrors {
  const logits = scores.logits();
  const isTarget = tf.cast(tf.oneHot(targets, scores.classes), 'bool');
  const wrong = tf.where(isTarget, tf.neg(logits), logits);
  const errors = tf.sum(tf.square(tf.sigmoid(wrong)), 1);
  const loss = mirrorBonus ? tf.sub(errors, tf.sum(tf.square(tf.sigmoid(tf.neg(wrong))), 1)) : errors;
  return { loss, targetLogProb: scores.statistics().targetLogProb };
}
