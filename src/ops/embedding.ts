import * as tf from '../tf/index.js';
import { defineOp } from './define-op.js';

/**
 * y[i] = scale · weight[ids[i]] + positionTable[positions[i]]
 *
 * Kernel `FusedEmbedding`: ids, positions int32 [rows], weight [vocab, embed], positionTable [positions, embed],
 * padIndex (the row of both tables whose gradient is zero) → y [rows, embed].
 * `FusedEmbeddingGrad`: ids, positions, weight, positionTable, dy → dWeight, dPositionTable (added in a fixed order, so
 * that runs are reproducible; dPositionTable is zero if `trainPositions` is false).
 */
const fusedEmbedding = defineOp<
  { ids: tf.Tensor1D; weight: tf.Tensor2D; positions: tf.Tensor1D; positionTable: tf.Tensor2D },
  { scale: number; padIndex: number; trainPositions: boolean }
>({
  name: 'FusedEmbedding',
  composite: ({ ids, weight, positions, positionTable }, { scale, padIndex }) => {
    const tokens = lookUp(weight, ids, padIndex);
    return tf.add(tf.mul(tokens, scale), lookUp(positionTable, positions, padIndex));
  },
  gradient: {
    kernel: 'FusedEmbeddingGrad',
    saveInputs: ['ids', 'positions', 'weight', 'positionTable'],
    outputs: ['y'],
    saveOutputs: [],
    gradients: ['weight', 'positionTable'],
  },
});

/**
 * Looks up rows of a table: y[i] = table[ids[i]]. The gradient of row `padIndex` is zero. The gradient is a product
 * with a one-hot matrix, because wasm has no scatter-add and that of tfjs in JavaScript takes seconds.
 * @returns float32 [rows, columns]
 */
export function lookUp(
  table: tf.Tensor2D, // float32 [vocab, columns]
  ids: tf.Tensor1D, // int32 [rows]
  padIndex: number,
): tf.Tensor2D {
  const gather = tf.customGrad((weights, save) => {
    const value = tf.gather(weights as tf.Tensor2D, ids);
    // Saved, because tfjs disposes other tensors of the forward pass before the backward pass begins.
    (save as tf.GradSaveFunc)([ids]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        tf.tidy(() => scatterAdd(dy as tf.Tensor2D, saved[0] as tf.Tensor1D, table.shape, padIndex)),
    };
  });
  return gather(table) as tf.Tensor2D;
}

/** Sums the rows of dy into the rows of a table, except row `padIndex`: float32 [vocab, embed]. */
function scatterAdd(dy: tf.Tensor2D, ids: tf.Tensor1D, [vocab]: [number, number], padIndex: number): tf.Tensor2D {
  const counted = tf.mul(dy, tf.expandDims(tf.cast(tf.notEqual(ids, padIndex), 'float32'), 1));
  return tf.matMul(tf.oneHot(ids, vocab) as tf.Tensor2D, counted as tf.Tensor2D, true, false);
}

/** Settings of the embedding operation. */
export interface EmbeddingOptions {
  /** The factor of token embeddings: √embed, or 1 with `--no-scale-embedding`. */
  readonly scale: number;
  readonly padIndex: number;
  /** Whether the position table has a gradient: false for sinusoidal positions. */
  readonly trainPositions: boolean;
}

/** scale · token embeddings + position embeddings: float32 [rows, embed]. */
export function embedding(
  ids: tf.Tensor1D, // int32 [rows]
  weight: tf.Tensor2D, // float32 [vocab, embed]
  positions: tf.Tensor1D, // int32 [rows], padIndex + 1 + index among the tokens; padIndex at padding
  positionTable: tf.Tensor2D, // float32 [positions, embed]
  options: EmbeddingOptions,
): tf.Tensor2D {
  return fusedEmbedding({ ids, weight, positions, positionTable }, { ...options }) as tf.Tensor2D;
}
