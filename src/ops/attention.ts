import * as tf from '../tf.js';
import { type Attributes, defineOp } from './define-op.js';
import { compositeDropout } from './dropout.js';
import { type DropoutAttributes, type DropoutSpec, dropoutAttributes } from './random.js';

/** Stands for −∞ in a masked score: its exponential is 0 in float32, and a row with nothing to see stays finite. */
const MASKED = -1e9;

type AttentionAttributes = DropoutAttributes & { heads: number; causal: boolean } & Attributes;

/**
 * Scaled dot-product attention, one head at a time over `headDim = embed / heads` neighbouring columns:
 *   weights = softmax(q · kᵀ / √headDim + mask), context = (weights ∘ dropout mask) · v
 * Dropout rows are the [batch · heads · target] rows of the weights, columns the source positions.
 *
 * Kernel `FusedSelfAttention`: queryKeyValue [batch, time, 3 · embed] = [q | k | v], keyPaddingMask int32 [batch, time]
 * (1 = padding) → context [batch, time, embed], logSumExp [batch, heads, time].
 * `FusedSelfAttentionGrad`: queryKeyValue, keyPaddingMask, context, logSumExp, dy → dQueryKeyValue.
 */
const fusedSelfAttention = defineOp<{ queryKeyValue: tf.Tensor3D; keyPaddingMask: tf.Tensor2D }, AttentionAttributes>({
  name: 'FusedSelfAttention',
  composite: ({ queryKeyValue, keyPaddingMask }, attributes) => {
    const [query, key, value] = tf.split(queryKeyValue, 3, 2) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    return attend(query, key, value, keyPaddingMask, attributes);
  },
  gradient: {
    kernel: 'FusedSelfAttentionGrad',
    saveInputs: ['queryKeyValue', 'keyPaddingMask'],
    outputs: ['context', 'logSumExp'],
    saveOutputs: ['context', 'logSumExp'],
    gradients: ['queryKeyValue'],
  },
});

/**
 * The same with queries from the target and keys and values from the source.
 *
 * Kernel `FusedCrossAttention`: query [batch, target, embed], keyValue [batch, source, 2 · embed] = [k | v],
 * keyPaddingMask int32 [batch, source] → context [batch, target, embed], logSumExp [batch, heads, target].
 * `FusedCrossAttentionGrad`: query, keyValue, keyPaddingMask, context, logSumExp, dy → dQuery, dKeyValue.
 */
const fusedCrossAttention = defineOp<
  { query: tf.Tensor3D; keyValue: tf.Tensor3D; keyPaddingMask: tf.Tensor2D },
  AttentionAttributes
>({
  name: 'FusedCrossAttention',
  composite: ({ query, keyValue, keyPaddingMask }, attributes) => {
    const [key, value] = tf.split(keyValue, 2, 2) as [tf.Tensor3D, tf.Tensor3D];
    return attend(query, key, value, keyPaddingMask, attributes);
  },
  gradient: {
    kernel: 'FusedCrossAttentionGrad',
    saveInputs: ['query', 'keyValue', 'keyPaddingMask'],
    outputs: ['context', 'logSumExp'],
    saveOutputs: ['context', 'logSumExp'],
    gradients: ['query', 'keyValue'],
  },
});

function attend(
  query: tf.Tensor3D,
  key: tf.Tensor3D,
  value: tf.Tensor3D,
  keyPaddingMask: tf.Tensor2D,
  attributes: AttentionAttributes,
): tf.Tensor3D {
  const weights = attentionWeights(query, key, keyPaddingMask, attributes.heads, attributes.causal);
  const context = tf.matMul(compositeDropout(weights, attributes), splitHeads(value, attributes.heads));
  return tf.reshape(tf.transpose(context, [0, 2, 1, 3]), query.shape);
}

/** softmax(q · kᵀ / √headDim + mask): float32 [batch, heads, target, source], whole; alignment printing reads it too. */
export function attentionWeights(
  query: tf.Tensor3D, // float32 [batch, target, embed]
  key: tf.Tensor3D, // float32 [batch, source, embed]
  keyPaddingMask: tf.Tensor2D, // int32 [batch, source], 1 = padding
  heads: number,
  causal: boolean,
): tf.Tensor4D {
  const scale = 1 / Math.sqrt(query.shape[2] / heads);
  const scores = tf.matMul(splitHeads(tf.mul(query, scale), heads), splitHeads(key, heads), false, true);
  const padding = tf.mul(tf.cast(tf.expandDims(tf.expandDims(keyPaddingMask, 1), 1), 'float32'), MASKED);
  const masked = tf.add(scores, causal ? tf.add(padding, futureMask(query.shape[1])) : padding);
  return tf.softmax(masked) as tf.Tensor4D;
}

/** [batch, time, embed] → [batch, heads, time, headDim]. */
function splitHeads(x: tf.Tensor, heads: number): tf.Tensor4D {
  const [batch, time, embed] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [batch, time, heads, embed / heads]), [0, 2, 1, 3]) as tf.Tensor4D;
}

/** MASKED above the diagonal: float32 [time, time]. */
function futureMask(time: number): tf.Tensor2D {
  const column = tf.expandDims(tf.range(0, time, 1, 'int32'), 0);
  const row = tf.expandDims(tf.range(0, time, 1, 'int32'), 1);
  return tf.mul(tf.cast(tf.greater(column, row), 'float32'), MASKED);
}

export interface AttentionOptions {
  readonly heads: number;
  readonly causal: boolean;
  readonly dropout: DropoutSpec | null;
}

const attentionAttributes = ({ heads, causal, dropout }: AttentionOptions): AttentionAttributes => ({
  ...dropoutAttributes(dropout),
  heads,
  causal,
});

/** Self-attention over packed projections [q | k | v]: float32 [batch, time, embed]. */
export function selfAttention(
  queryKeyValue: tf.Tensor3D, // float32 [batch, time, 3 · embed]
  keyPaddingMask: tf.Tensor2D, // int32 [batch, time], 1 = padding
  options: AttentionOptions,
): tf.Tensor3D {
  return fusedSelfAttention({ queryKeyValue, keyPaddingMask }, attentionAttributes(options)) as tf.Tensor3D;
}

/** Attention of target positions to source positions: float32 [batch, target, embed]. */
export function crossAttention(
  query: tf.Tensor3D, // float32 [batch, target, embed]
  keyValue: tf.Tensor3D, // float32 [batch, source, 2 · embed] = [k | v]
  keyPaddingMask: tf.Tensor2D, // int32 [batch, source], 1 = padding
  options: AttentionOptions,
): tf.Tensor3D {
  return fusedCrossAttention({ query, keyValue, keyPaddingMask }, attentionAttributes(options)) as tf.Tensor3D;
}
