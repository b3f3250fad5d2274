import * as tf from '../tf.js';

/**
 * Chosen rows of a matrix: y[i] = x[index[i]]. No row is chosen twice, so the gradient is a look-up too, by the inverse
 * index with a row of zeros for what was not chosen: dx[j] = dy[i] where index[i] = j, else 0. (tfjs's own gradient of
 * gather is a scatter-add, slow in JavaScript and missing on wasm.)
 * @returns float32 [index.length, columns]
 */
export function gatherRows(
  x: tf.Tensor2D, // float32 [rows, columns]
  index: Int32Array, // each row at most once
): tf.Tensor2D {
  const [rows, columns] = x.shape;
  if (isEveryRow(index, rows)) return x;
  const gather = tf.customGrad((input) => ({
    value: tf.gather(input as tf.Tensor2D, tf.tensor1d(index, 'int32')),
    gradFunc: (dy: tf.Tensor) =>
      tf.tidy(() => {
        const withZeros = tf.concat([dy as tf.Tensor2D, tf.zeros<tf.Rank.R2>([1, columns])]);
        return tf.gather(withZeros, tf.tensor1d(inverse(index, rows), 'int32'));
      }),
  }));
  return gather(x) as tf.Tensor2D;
}

function isEveryRow(index: Int32Array, rows: number): boolean {
  return index.length === rows && index.every((row, position) => row === position);
}

/** Where each row stands in `index`; `index.length` for the rows that are not in it: int32 [rows]. */
function inverse(index: Int32Array, rows: number): Int32Array {
  const positions = new Int32Array(rows).fill(index.length);
  for (let position = 0; position < index.length; position++) positions[index[position]!] = position;
  return positions;
}
