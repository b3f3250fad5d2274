import type { ClassFunction } from '../src/ops/class-function.js';
import type { RowScores } from '../src/ops/row-scores.js';
import { defineCriterion } from '../src/plugins/criterion.js';
import * as tf from '../src/tf/index.js';

/**
 * Σ_v (y_v − p_v)² over the classes of a row, y being 1 for the target and 0 for the others, and with the mirror bonus of
 * Zhao et al. 2022, section 5.5, Σ_v [(y_v − p_v)² − (y_v·p_v)² − ((1−y_v)·(1−p_v))²]. p is the softmax of the scores or
 * the sigmoid of each. The nll that is reported beside it is the softmax's either way, as search would use it.
 */
export const meanSquareError = defineCriterion({
  name: 'mse',
  summary: 'the squares of the errors of the probabilities, with or without the mirror bonus',
  options: {
    mseActivation: {
      kind: 'choice',
      choices: ['softmax', 'sigmoid'],
      default: 'softmax',
      help: 'what makes probabilities of the scores',
    },
    mirrorBonus: {
      kind: 'boolean',
      default: false,
      help: 'reward well-classified examples by the squares of 1 − error',
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

/** −p², of each class. */
const NEGATIVE_SQUARE: ClassFunction = { family: 'power', exponent: 2, start: 0, abrupt: 0 };

/**
 * With q = 1 − p of the target: q² + Σ_v p_v² − p², and with the bonus, where the squares cancel and Σ_v p_v = 1,
 * 4·q − V.
 */
function softmaxError(scores: RowScores, _: tf.Tensor1D, mirrorBonus: boolean): RowErrors {
  const { targetLogProb, sums } = scores.statistics(mirrorBonus ? [] : [NEGATIVE_SQUARE]);
  const error = tf.neg(tf.expm1(targetLogProb)); // q
  if (mirrorBonus) return { loss: tf.sub(tf.mul(error, 4), scores.classes), targetLogProb };
  const ofOthers = tf.neg(tf.add(sums[0]!, tf.exp(tf.mul(targetLogProb, 2))));
  return { loss: tf.add(tf.square(error), ofOthers), targetLogProb };
}

/** With s the score, for the target −s: Σ_v σ(s_v)², and with the bonus −Σ_v σ(−s_v)². */
function sigmoidError(scores: RowScores, targets: tf.Tensor1D, mirrorBonus: boolean): RowErrors {
  const logits = scores.logits();
  const isTarget = tf.cast(tf.oneHot(targets, scores.classes), 'bool');
  const wrong = tf.where(isTarget, tf.neg(logits), logits);
  const errors = tf.sum(tf.square(tf.sigmoid(wrong)), 1);
  const loss = mirrorBonus ? tf.sub(errors, tf.sum(tf.square(tf.sigmoid(tf.neg(wrong))), 1)) : errors;
  return { loss, targetLogProb: scores.statistics().targetLogProb };
}
