import * as tf from '../tf.js';

/**
 * A function of the probability p of one class, to be summed over the classes of a row. The families are a closed list
 * with native code; `custom` runs in plain operations on whole [rows, classes] log-probabilities (the slow way).
 */
export type ClassFunction =
  /**
   * log(max(1 − scale·p, clamp)); with `start` > 0 it is 0 below `start` and shifted to begin at 0 there; above
   * `logEnd` < 1 the tangent log(1−LE) − (p−LE)/(1−LE); 0 above `abrupt` where that is positive.
   */
  | {
      readonly family: 'log';
      readonly logEnd: number; // LE in (0, 1]; 1 = no linear end
      readonly clamp: number; // the paper's 1e-5
      readonly scale: number; // the paper's sub_data_rho; 1 = off
      readonly start: number; // 0 = off
      readonly abrupt: number; // ≤ 0 = off
    }
  /** −p^exponent, with `start` and `abrupt` as above. */
  | { readonly family: 'power'; readonly exponent: number; readonly start: number; readonly abrupt: number }
  /** cos(πp) − 1, with `abrupt` as above. */
  | { readonly family: 'cosine'; readonly abrupt: number }
  | { readonly family: 'custom'; readonly value: (logProb: tf.Tensor) => tf.Tensor };

/** f(p) element by element, differentiable; logProb is log p of any shape. */
export function classFunction<T extends tf.Tensor>(f: ClassFunction, logProb: T): T {
  return tf.tidy(() => {
    if (f.family === 'custom') return f.value(logProb);
    const probability = tf.exp(logProb);
    const value = familyValue(f, logProb, probability);
    return f.abrupt > 0 ? tf.where(tf.greater(probability, f.abrupt), tf.zerosLike(value), value) : value;
  }) as T;
}

function familyValue(f: Exclude<ClassFunction, { family: 'custom' }>, logProb: tf.Tensor, p: tf.Tensor): tf.Tensor {
  switch (f.family) {
    case 'log': {
      // 1 − p = −expm1(log p) keeps its digits as p → 1.
      const rest = f.scale === 1 ? tf.neg(tf.expm1(logProb)) : tf.sub(1, tf.mul(p, f.scale));
      const curve = startingAt(f.start, p, tf.log(tf.maximum(rest, f.clamp)), Math.log(Math.max(1 - f.start, f.clamp)));
      if (f.logEnd === 1) return curve;
      const tangent = tf.sub(Math.log(1 - f.logEnd), tf.div(tf.sub(p, f.logEnd), 1 - f.logEnd));
      return tf.where(tf.greater(p, f.logEnd), tangent, curve);
    }
    case 'power': {
      const curve = tf.neg(tf.exp(tf.mul(logProb, f.exponent)));
      return startingAt(f.start, p, curve, -(f.start ** f.exponent));
    }
    case 'cosine':
      return tf.sub(tf.cos(tf.mul(p, Math.PI)), 1);
  }
}

/** 0 where p < start, the curve shifted by its value there where p ≥ start. */
function startingAt(start: number, p: tf.Tensor, curve: tf.Tensor, valueAtStart: number): tf.Tensor {
  if (start === 0) return curve;
  return tf.where(tf.greaterEqual(p, start), tf.sub(curve, valueAtStart), tf.zerosLike(curve));
}
