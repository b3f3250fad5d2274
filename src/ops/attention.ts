import * as tf from '../tf/index.js';
import { type Attributes, defineOp } from './define-op.js';
import { dropoutMaskTensor } from './dropout.js';
import { type DropoutAttributes, type DropoutSpec, dropoutAttributes, dropoutSpec } from './random.js';
import { type RowLayout, toRows, toTable } from './row-layout.js';

/** Stands for −∞ in a masked score: its exponential is 0 in float32, and a row with only masked keys stays finite. */
const MASKED = -1e9;

/** The part of a backend that says which heads its kernels compute. */
interface AttentionBackend {
  /** Columns of a head; without limit if absent. */
  readonly largestHead?: number;
}

interface AttentionAttributes extends DropoutAttributes, Attributes {
  readonly heads: number;
  readonly causal: boolean;
  readonly longestKey: number; // columns of the dropout mask
  /** Layouts for the composite; kernels read `starts` and `keyPadding` instead. */
  readonly queryLayout: RowLayout;
  readonly keyLayout: RowLayout;
}

/**
 * Scaled dot-product attention within sequences. Each head has `headDim = embed / heads` adjacent columns:
 *   weights = softmax(q · kᵀ / √headDim + mask), context = (weights ∘ dropout mask) · v
 * Row heads · start + head · length + i of the dropout mask belongs to query i of a sequence; columns are its keys.
 *
 * Kernel `FusedSelfAttention`: queryKeyValue [rows, 3 · embed] = [q | k | v], starts int32 [batch + 1], keyPadding
 * int32 [rows] (1 = padding, which is masked) → context [rows, embed], logSumExp [heads · rows] in the mask's order.
 * `FusedSelfAttentionGrad`: queryKeyValue, starts, keyPadding, context, logSumExp, dy → dQueryKeyValue.
 */
const fusedSelfAttention = defineOp<
  { queryKeyValue: tf.Tensor2D; starts: tf.Tensor1D; keyPadding: tf.Tensor1D },
  AttentionAttributes
>({
  name: 'FusedSelfAttention',
  isSupported: ({ queryKeyValue }, { heads }) => isSupportedHead(queryKeyValue.shape[1] / 3 / heads),
  composite: ({ queryKeyValue }, attributes) => {
    const [query, key, value] = tf.split(queryKeyValue, 3, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    return attend(query, key, value, attributes);
  },
  gradient: {
    kernel: 'FusedSelfAttentionGrad',
    saveInputs: ['queryKeyValue', 'starts', 'keyPadding'],
    outputs: ['context', 'logSumExp'],
    saveOutputs: ['context', 'logSumExp'],
    gradients: ['queryKeyValue'],
  },
});

/**
 * Attention with queries from the target and keys and values from the source.
 *
 * Kernel `FusedCrossAttention`: query [target rows, embed], queryStarts int32 [batch + 1], keyValue [source rows,
 * 2 · embed] = [k | v], keyStarts int32 [batch + 1], keyPadding int32 [source rows] → context [target rows, embed],
 * logSumExp [heads · target rows]. `FusedCrossAttentionGrad`: these, context, logSumExp, dy → dQuery, dKeyValue.
 */
const fusedCrossAttention = defineOp<
  {
    query: tf.Tensor2D;
    queryStarts: tf.Tensor1D;
    keyValue: tf.Tensor2D;
    keyStarts: tf.Tensor1D;
    keyPadding: tf.Tensor1D;
  },
  AttentionAttributes
>({
  name: 'FusedCrossAttention',
  isSupported: ({ query }, { heads }) => isSupportedHead(query.shape[1] / heads),
  composite: ({ query, keyValue }, attributes) => {
    const [key, value] = tf.split(keyValue, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    return attend(query, key, value, attributes);
  },
  gradient: {
    kernel: 'FusedCrossAttentionGrad',
    saveInputs: ['query', 'queryStarts', 'keyValue', 'keyStarts', 'keyPadding'],
    outputs: ['context', 'logSumExp'],
    saveOutputs: ['context', 'logSumExp'],
    gradients: ['query', 'keyValue'],
  },
});

const isSupportedHead = (size: number): boolean =>
  size <= ((tf.engine().backend as AttentionBackend).largestHead ?? Infinity);

function attend(
  query: tf.Tensor2D,
  key: tf.Tensor2D,
  value: tf.Tensor2D,
  attributes: AttentionAttributes,
): tf.Tensor2D {
  const { heads, causal, queryLayout, keyLayout } = attributes;
  const weights = attentionWeights(query, key, { queryLayout, keyLayout, heads, causal });
  const spec = dropoutSpec(attributes);
  const kept = spec === null ? weights : tf.mul(weights, weightMask(spec, attributes));
  const context = tf.transpose(tf.matMul(kept, splitHeads(toTable(value, keyLayout), heads)), [0, 2, 1, 3]);
  return toRows(tf.reshape(context, [queryLayout.batch, queryLayout.time, query.shape[1]]), queryLayout);
}

/** softmax(q · kᵀ / √headDim + mask): float32 [batch, heads, target, source]. `--print-alignment` reads it too. */
export function attentionWeights(
  query: tf.Tensor2D, // float32 [target rows, embed]
  key: tf.Tensor2D, // float32 [source rows, embed]
  {
    queryLayout,
    keyLayout,
    heads,
    causal,
  }: Pick<AttentionAttributes, 'queryLayout' | 'keyLayout' | 'heads' | 'causal'>,
): tf.Tensor4D {
  const scale = 1 / Math.sqrt(query.shape[1] / heads);
  const queries = splitHeads(toTable(tf.mul(query, scale), queryLayout), heads);
  const scores = tf.matMul(queries, splitHeads(toTable(key, keyLayout), heads), false, true);
  const padding = paddingMask(keyLayout);
  const masked = tf.add(scores, causal ? tf.add(padding, futureMask(queryLayout.time)) : padding);
  return tf.softmax(masked) as tf.Tensor4D;
}

/** [batch, time, embed] → [batch, heads, time, headDim]. */
function splitHeads(x: tf.Tensor3D, heads: number): tf.Tensor4D {
  const [batch, time, embed] = x.shape;
  return tf.transpose(tf.reshape(x, [batch, time, heads, embed / heads]), [0, 2, 1, 3]) as tf.Tensor4D;
}

/** MASKED at padding, 0 at tokens: float32 [batch, 1, 1, source]. */
function paddingMask({ batch, time, positions, padding }: RowLayout): tf.Tensor4D {
  const mask = new Float32Array(batch * time).fill(MASKED);
  positions.forEach((position, row) => {
    if (padding?.[row] !== 1) mask[position] = 0;
  });
  return tf.tensor4d(mask, [batch, 1, 1, time]);
}

/** MASKED above the diagonal, else 0: float32 [time, time]. */
function futureMask(time: number): tf.Tensor2D {
  const column = tf.expandDims(tf.range(0, time, 1, 'int32'), 0);
  const row = tf.expandDims(tf.range(0, time, 1, 'int32'), 1);
  return tf.mul(tf.cast(tf.greater(column, row), 'float32'), MASKED);
}

/**
 * The kernels' dropout mask of the weights as a table: float32 [batch, heads, target, source]. Elements at padding are
 * arbitrary, because their weights are 0 or their rows are not used.
 */
function weightMask(
  spec: DropoutSpec,
  { heads, longestKey, queryLayout, keyLayout }: AttentionAttributes,
): tf.Tensor4D {
  const [batch, target, source] = [queryLayout.batch, queryLayout.time, keyLayout.time];
  const rows = new Int32Array(batch * heads * target);
  const columns = new Int32Array(batch * source);
  for (let sequence = 0; sequence < batch; sequence++) {
    const start = queryLayout.starts[sequence]!;
    const length = queryLayout.starts[sequence + 1]! - start;
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < length; i++) {
        const query = queryLayout.positions[start + i]! - sequence * target;
        rows[(sequence * heads + head) * target + query] = heads * start + head * length + i;
      }
    }
    const firstKey = keyLayout.starts[sequence]!;
    for (let key = firstKey; key < keyLayout.starts[sequence + 1]!; key++) {
      columns[keyLayout.positions[key]!] = sequence * longestKey + key - firstKey;
    }
  }
  const mask = dropoutMaskTensor(spec, [heads * queryLayout.rows, longestKey]);
  const byRow = tf.reshape(tf.gather(mask, tf.tensor1d(rows, 'int32')), [batch, heads * target, longestKey]);
  const byColumn = tf.reshape(tf.transpose(byRow, [0, 2, 1]), [batch * longestKey, heads * target]);
  const table = tf.reshape(tf.gather(byColumn, tf.tensor1d(columns, 'int32')), [batch, source, heads * target]);
  return tf.reshape(tf.transpose(table, [0, 2, 1]), [batch, heads, target, source]);
}

/** Settings of attention. */
export interface AttentionOptions {
  readonly heads: number;
  readonly causal: boolean;
  readonly dropout: DropoutSpec | null;
}

/** Self-attention over packed projections [q | k | v]: float32 [rows, embed]. */
export function selfAttention(
  queryKeyValue: tf.Tensor2D, // float32 [rows, 3 · embed]
  layout: RowLayout,
  { heads, causal, dropout }: AttentionOptions,
): tf.Tensor2D {
  const { starts, padding: keyPadding } = layout.tensors;
  return fusedSelfAttention(
    { queryKeyValue, starts, keyPadding },
    {
      ...dropoutAttributes(dropout),
      ...{ heads, causal, longestKey: layout.longest, queryLayout: layout, keyLayout: layout },
    },
  ) as tf.Tensor2D;
}

/** Attention of target positions to source positions: float32 [target rows, embed]. */
export function crossAttention(
  query: tf.Tensor2D, // float32 [target rows, embed]
  queryLayout: RowLayout,
  keyValue: tf.Tensor2D, // float32 [source rows, 2 · embed] = [k | v]
  keyLayout: RowLayout,
  { heads, causal, dropout }: AttentionOptions,
): tf.Tensor2D {
  const { starts: keyStarts, padding: keyPadding } = keyLayout.tensors;
  return fusedCrossAttention(
    { query, queryStarts: queryLayout.tensors.starts, keyValue, keyStarts, keyPadding },
    { ...dropoutAttributes(dropout), ...{ heads, causal, longestKey: keyLayout.longest, queryLayout, keyLayout } },
  ) as tf.Tensor2D;
}
