import * as tf from '../tf/index.js';

/**
 * value(x) with an explicit gradient. Only x is kept for the backward pass.
 * @param gradient returns the gradient by x from dy, the gradient of the value
 */
export function customGradient<X extends tf.Tensor, Y extends tf.Tensor>(
  x: X,
  value: (x: X) => Y,
  gradient: (dy: Y, x: X) => tf.Tensor,
): Y {
  const evaluate = tf.customGrad<Y>((_, save) => {
    const y = tf.tidy(() => value(x));
    (save as tf.GradSaveFunc)([x]);
    return { value: y, gradFunc: (dy, [saved]) => tf.tidy(() => gradient(dy, saved as X)) };
  });
  return evaluate(x);
}
