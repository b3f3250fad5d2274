import { defineCriterion, tf } from 'ts-fairseq';

/**
 * A criterion as a plug-in: cross entropy with a bonus, −log p − w · p^e, where p is the target's probability.
 *
 *   ts-fairseq train data-bin/de-en --user-dir examples/user-dir --criterion power_bonus --bonus-exponent 2 …
 */
export const powerBonus = defineCriterion({
  name: 'power_bonus',
  summary: 'cross entropy with a bonus p^e',
  options: {
    bonusExponent: {
      kind: 'float',
      default: 2,
      min: 1,
      help: 'the exponent e; a larger e rewards only confident tokens',
    },
    bonusWeight: { kind: 'float', default: 0.5, min: 0, help: 'w; 0 is cross entropy' },
  },
  build: ({ bonusExponent, bonusWeight }) => ({
    paddingRows: 'drop', // a row is one target token; rows exclude padding
    forward({ scores }) {
      const { targetLogProb } = scores.statistics(); // float32 [rows], log p
      const nll = tf.neg(tf.sum(targetLogProb)) as tf.Scalar;
      const bonus = tf.exp(tf.mul(targetLogProb, bonusExponent)); // float32 [rows], p^e
      return { loss: tf.sub(nll, tf.mul(tf.sum(bonus), bonusWeight)) as tf.Scalar, nll };
    },
  }),
});
