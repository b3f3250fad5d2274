import * as tf from '../tf/index.js';
import { customGradient } from './custom-gradient.js';

/**
 * A function of the probability p of one class, which is summed over the classes of a row. All families except `custom`
 * have native kernels. `custom` uses tfjs operations on the [rows, classes] table of log-probabilities, which is slow.
 */
export type ClassFunction =
  /**
   * log(max(1 − scale·p, clamp)). With `start` > 0 it is 0 below `start` and shifted so that it is 0 at `start`. Above
   * `logEnd` < 1 it is the tangent log(1−LE) − (p−LE)/(1−LE). With `abrupt` > 0 it is 0 above `abrupt`.
   */
  | {
      readonly family: 'log';
      readonly logEnd: number; // LE in (0, 1]; 1 = no tangent
      readonly clamp: number; // the paper's 1e-5
      readonly scale: number; // the paper's sub_data_rho; 1 = off
      readonly start: number; // 0 = off
      readonly abrupt: number; // ≤ 0 = off
    }
  /** −p^exponent, with `start` and `abrupt` as above. */
  | { readonly family: 'power'; readonly exponent: number; readonly start: number; readonly abrupt: number }
  /** cos(πp) − 1, with `abrupt` as above. */
  | { readonly family: 'cosine'; readonly abrupt: number }
  /** A differentiable function of log p. */
  | { readonly family: 'custom'; readonly value: (logProb: tf.Tensor) => tf.Tensor };

type Family = Exclude<ClassFunction, { family: 'custom' }>;

/**
 * f(p) element by element; logProb is log p of any shape. The explicit derivative by log p, p · f′(p), keeps the
 * precision of 1 − p near p = 1 and avoids differentiation through comparisons.
 */
export function classFunction<T extends tf.Tensor>(f: ClassFunction, logProb: T): T {
  if (f.family === 'custom') return f.value(logProb) as T;
  return customGradient(
    logProb,
    (x) => value(f, x) as T,
    (dy, x) => tf.mul(dy, derivative(f, x)),
  );
}

/** f(p) */
function value(f: Family, logProb: tf.Tensor): tf.Tensor {
  const p = tf.exp(logProb);
  return untilAbrupt(f, p, valueBeforeAbrupt(f, logProb, p));
}

/** df/d log p = p · f′(p) */
function derivative(f: Family, logProb: tf.Tensor): tf.Tensor {
  const p = tf.exp(logProb);
  return untilAbrupt(f, p, derivativeBeforeAbrupt(f, logProb, p));
}

function valueBeforeAbrupt(f: Family, logProb: tf.Tensor, p: tf.Tensor): tf.Tensor {
  switch (f.family) {
    case 'log': {
      const logarithm = tf.log(tf.maximum(rest(f, logProb, p), f.clamp));
      const valueAtStart = Math.log(Math.max(1 - f.start, f.clamp));
      const curve = f.start === 0 ? logarithm : fromStart(f, p, tf.sub(logarithm, valueAtStart));
      if (f.logEnd === 1) return curve;
      const tangent = tf.sub(Math.log(1 - f.logEnd), tf.div(tf.sub(p, f.logEnd), 1 - f.logEnd));
      return tf.where(tf.greater(p, f.logEnd), tangent, curve);
    }
    case 'power': {
      const curve = tf.neg(tf.exp(tf.mul(logProb, f.exponent)));
      return f.start === 0 ? curve : fromStart(f, p, tf.add(curve, f.start ** f.exponent));
    }
    case 'cosine':
      return tf.sub(tf.cos(tf.mul(p, Math.PI)), 1);
  }
}

function derivativeBeforeAbrupt(f: Family, logProb: tf.Tensor, p: tf.Tensor): tf.Tensor {
  switch (f.family) {
    case 'log': {
      const left = rest(f, logProb, p);
      const slope = tf.neg(tf.div(tf.mul(p, f.scale), tf.maximum(left, f.clamp)));
      const curve = fromStart(f, p, tf.where(tf.greaterEqual(left, f.clamp), slope, tf.zerosLike(slope)));
      if (f.logEnd === 1) return curve;
      return tf.where(tf.greater(p, f.logEnd), tf.div(p, f.logEnd - 1), curve);
    }
    case 'power':
      return fromStart(f, p, tf.mul(tf.exp(tf.mul(logProb, f.exponent)), -f.exponent));
    case 'cosine':
      return tf.mul(tf.mul(tf.sin(tf.mul(p, Math.PI)), p), -Math.PI);
  }
}

/** 1 − scale · p. If scale is 1 it is −expm1(log p), which keeps its precision when p → 1. */
function rest({ scale }: { scale: number }, logProb: tf.Tensor, p: tf.Tensor): tf.Tensor {
  return scale === 1 ? tf.neg(tf.expm1(logProb)) : tf.sub(1, tf.mul(p, scale));
}

/** The curve from p = start on, and 0 below. */
function fromStart({ start }: { start: number }, p: tf.Tensor, curve: tf.Tensor): tf.Tensor {
  return start === 0 ? curve : tf.where(tf.greaterEqual(p, start), curve, tf.zerosLike(curve));
}

/** The curve up to p = abrupt, and 0 above. */
function untilAbrupt({ abrupt }: { abrupt: number }, p: tf.Tensor, curve: tf.Tensor): tf.Tensor {
  return abrupt > 0 ? tf.where(tf.greater(p, abrupt), tf.zerosLike(curve), curve) : curve;
}
