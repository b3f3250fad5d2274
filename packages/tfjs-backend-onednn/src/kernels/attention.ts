import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import type { OneDnnBackend } from '../backend.js';
import { checkSize, type DropoutAttributes, dropoutArguments, kernel } from './kernel.js';

interface AttentionAttributes extends DropoutAttributes {
  readonly heads: number;
  readonly causal: boolean;
  readonly longestKey: number;
}

type SelfInputs = 'queryKeyValue' | 'starts' | 'keyPadding';
type CrossInputs = 'query' | 'queryStarts' | 'keyValue' | 'keyStarts' | 'keyPadding';

/** Sequences, heads, headDim, longestKey, causal. */
function shapeArguments(starts: TensorInfo, embed: number, { heads, longestKey, causal }: AttentionAttributes) {
  return [starts.shape[0]! - 1, heads, embed / heads, longestKey, causal] as const;
}

/**
 * Of one product with every query and key of a sequence, e.g. query · keyᵀ: 2 · embed · Σ queries · keys. Masked keys
 * count; a kernel that skips them is faster by that much.
 */
function productFlops(queryStarts: Int32Array, keyStarts: Int32Array, embed: number): number {
  let pairs = 0;
  for (let sequence = 1; sequence < queryStarts.length; sequence++) {
    const length = (starts: Int32Array): number => starts[sequence]! - starts[sequence - 1]!;
    pairs += length(queryStarts) * length(keyStarts);
  }
  return 2 * embed * pairs;
}

/** Of scores and context, 2 products; their gradients are 4, and what is computed again does not count. */
const selfFlops =
  (products: 2 | 4) =>
  ({ queryKeyValue, starts }: Readonly<Record<SelfInputs, TensorInfo>>, _: unknown, backend: OneDnnBackend): number => {
    const bounds = backend.integers(starts);
    return products * productFlops(bounds, bounds, queryKeyValue.shape[1]! / 3);
  };

const crossFlops =
  (products: 2 | 4) =>
  (inputs: Readonly<Record<CrossInputs, TensorInfo>>, _: unknown, backend: OneDnnBackend): number => {
    const { query, queryStarts, keyStarts } = inputs;
    return products * productFlops(backend.integers(queryStarts), backend.integers(keyStarts), query.shape[1]!);
  };

/** queryKeyValue [rows, 3 · embed], starts [batch + 1], keyPadding [rows] → context, logSumExp [heads · rows]. */
const fusedSelfAttention = kernel<SelfInputs, AttentionAttributes>(
  'FusedSelfAttention',
  ({ inputs: { queryKeyValue, starts, keyPadding }, attrs, backend }) => {
    const [rows, width] = queryKeyValue.shape as [number, number];
    const embed = width / 3;
    checkRows('starts', backend.integers(starts), rows);
    checkSize('keyPadding', keyPadding, [rows]);
    const context = backend.output([rows, embed]);
    const logSumExp = backend.output([attrs.heads * rows]);
    addon().selfAttention(
      ...([backend.floats(queryKeyValue), backend.integers(starts), backend.integers(keyPadding)] as const),
      ...([backend.floats(context), backend.floats(logSumExp)] as const),
      ...shapeArguments(starts, embed, attrs),
      ...dropoutArguments(attrs),
    );
    return [context, logSumExp];
  },
  selfFlops(2),
);

const fusedSelfAttentionGrad = kernel<SelfInputs | 'context' | 'logSumExp' | 'dy', AttentionAttributes>(
  'FusedSelfAttentionGrad',
  ({ inputs: { queryKeyValue, starts, keyPadding, context, logSumExp, dy }, attrs, backend }) => {
    const [rows, width] = queryKeyValue.shape as [number, number];
    checkSize('dy', dy, [rows, width / 3]);
    const dQueryKeyValue = backend.output(queryKeyValue.shape);
    addon().selfAttentionGrad(
      ...([backend.floats(queryKeyValue), backend.integers(starts), backend.integers(keyPadding)] as const),
      ...([backend.floats(context), backend.floats(logSumExp), backend.floats(dy)] as const),
      backend.floats(dQueryKeyValue),
      ...shapeArguments(starts, width / 3, attrs),
      ...dropoutArguments(attrs),
    );
    return dQueryKeyValue;
  },
  selfFlops(4),
);

/** query [target rows, embed], keyValue [source rows, 2 · embed], starts of both, keyPadding [source rows]. */
const fusedCrossAttention = kernel<CrossInputs, AttentionAttributes>(
  'FusedCrossAttention',
  ({ inputs: { query, queryStarts, keyValue, keyStarts, keyPadding }, attrs, backend }) => {
    const [targetRows, embed] = query.shape as [number, number];
    const sourceRows = keyValue.shape[0]!;
    checkSize('keyValue', keyValue, [sourceRows, 2 * embed]);
    checkSize('keyPadding', keyPadding, [sourceRows]);
    checkSize('keyStarts', keyStarts, queryStarts.shape);
    checkRows('queryStarts', backend.integers(queryStarts), targetRows);
    checkRows('keyStarts', backend.integers(keyStarts), sourceRows);
    const context = backend.output(query.shape);
    const logSumExp = backend.output([attrs.heads * targetRows]);
    addon().crossAttention(
      ...([backend.floats(query), backend.integers(queryStarts)] as const),
      ...([backend.floats(keyValue), backend.integers(keyStarts), backend.integers(keyPadding)] as const),
      ...([backend.floats(context), backend.floats(logSumExp)] as const),
      ...shapeArguments(queryStarts, embed, attrs),
      ...dropoutArguments(attrs),
    );
    return [context, logSumExp];
  },
  crossFlops(2),
);

const fusedCrossAttentionGrad = kernel<CrossInputs | 'context' | 'logSumExp' | 'dy', AttentionAttributes>(
  'FusedCrossAttentionGrad',
  ({ inputs, attrs, backend }) => {
    const { query, queryStarts, keyValue, keyStarts, keyPadding, context, logSumExp, dy } = inputs;
    checkSize('dy', dy, query.shape);
    const dQuery = backend.output(query.shape);
    const dKeyValue = backend.output(keyValue.shape);
    addon().crossAttentionGrad(
      ...([backend.floats(query), backend.integers(queryStarts)] as const),
      ...([backend.floats(keyValue), backend.integers(keyStarts), backend.integers(keyPadding)] as const),
      ...([backend.floats(context), backend.floats(logSumExp), backend.floats(dy)] as const),
      ...([backend.floats(dQuery), backend.floats(dKeyValue)] as const),
      ...shapeArguments(queryStarts, query.shape[1]!, attrs),
      ...dropoutArguments(attrs),
    );
    return [dQuery, dKeyValue];
  },
  crossFlops(4),
);

/** Throws unless the starts of sequences lie in order within the rows: the add-on does not check. */
function checkRows(what: string, starts: Int32Array, rows: number): void {
  const inOrder = starts.every((start, index) => start >= (index === 0 ? 0 : starts[index - 1]!));
  if (!inOrder || starts[0] !== 0 || starts[starts.length - 1] !== rows) {
    throw new Error(`${what} must rise from 0 to the ${rows} rows, but are ${starts.join(', ')}`);
  }
}

export const attentionKernels = [
  fusedSelfAttention,
  fusedSelfAttentionGrad,
  fusedCrossAttention,
  fusedCrossAttentionGrad,
];
