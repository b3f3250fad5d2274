import * as tf from '../tf/index.js';
import { defineOp } from './define-op.js';

/**
 * y[i] = scale · weight[ids[i]] + positionTable[positions[i]]
 *
 * Kernel `FusedEmbedding`: ids, positions int32 [rows], weight [vocab, embed], positionTable [positions, embed],
 * padIndex (row of both tables that gets no gradient from the look-up) → y [rows, embed].
 * `FusedEmbeddingGrad`: ids, positions, weight, positionTable, dy → dWeight, dPositionTable (zero-filled, scatter-added
 * in a fixed order so that runs repeat; dPositionTable is all zeros when `trainPositions` is false).
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
 * Rows of a table, float32 [rows, columns]: y[i] = table[ids[i]]; the row `padIndex` gets no gradient. The gradient is a
 * product with a one-hot matrix because wasm has no scatter-add, and tfjs's in JavaScript takes seconds.
 */
export function lookUp(
  table: tf.Tensor2D, // float32 [vocab, columns]
  ids: tf.Tensor1D, // int32 [rows]
  padIndex: number,
): tf.Tensor2D {
  const gather = tf.customGrad((weights, save) => {
    const value = tf.gather(weights as tf.Tensor2D, ids);
    // Saved, not closed over: tfjs disposes what the forward pass made before the backward pass begins.
    (save as tf.GradSaveFunc)([ids]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        tf.tidy(() => scatterAdd(dy as tf.Tensor2D, saved[0] as tf.Tensor1D, table.shape, padIndex)),
    };
  });
  return gather(table) as tf.Tensor2D;
}

/** Σ over rows of dy into the rows of a table, leaving out `padIndex`: float32 [vocab, embed]. */
function scatterAdd(dy: tf.Tensor2D, ids: tf.Tensor1D, [vocab]: [number, number], padIndex: number): tf.Tensor2D {
  const counted = tf.mul(dy, tf.expandDims(tf.cast(tf.notEqual(ids, padIndex), 'float32'), 1));
  return tf.matMul(tf.oneHot(ids, vocab) as tf.Tensor2D, counted as tf.Tensor2D, true, false);
}

/** Options of the fused embedding operation. */
export interface EmbeddingOptions {
  /** √embed, or 1 with `--no-scale-embedding`. */
  readonly scale: number;
  readonly padIndex: number;
  /** False for sinusoidal tables. */
  readonly trainPositions: boolean;
}

/** Token embeddings, scaled, plus position embeddings: float32 [rows, embed]. */
export function embedding(
  ids: tf.Tensor1D, // int32 [rows]
  weight: tf.Tensor2D, // float32 [vocab, embed]
  positions: tf.Tensor1D, // int32 [rows], padIndex + 1 + index among the non-pad tokens; padIndex at padding
  positionTable: tf.Tensor2D, // float32 [positions, embed]
  options: EmbeddingOptions,
): tf.Tensor2D {
  return fusedEmbedding({ ids, weight, positions, positionTable }, { ...options }) as tf.Tensor2D;
}
