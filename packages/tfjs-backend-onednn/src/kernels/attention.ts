import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import type { OneDnnBackend } from '../backend.js';
import { checkHeads, checkIntegers, checkSize, checkStarts, checkWhole, tableSizes } from './checks.js';
import { type DropoutAttributes, dropoutArguments, kernel } from './kernel.js';

interface AttentionAttributes extends DropoutAttributes {
  readonly heads: number;
  readonly causal: boolean;
  readonly longestKey: number;
}

type SelfInputs = 'queryKeyValue' | 'starts' | 'keyPadding';
type CrossInputs = 'query' | 'queryStarts' | 'keyValue' | 'keyStarts' | 'keyPadding';

/** @throws Error unless the sequences of some rows and their padding fit them */
function checkKeys(
  starts: { readonly name: string; readonly tensor: TensorInfo },
  keyPadding: TensorInfo,
  rows: number,
  { longestKey }: AttentionAttributes,
  backend: OneDnnBackend,
): void {
  checkIntegers(starts.name, starts.tensor);
  const longest = checkStarts(starts.name, backend.integers(starts.tensor), rows);
  checkIntegers('keyPadding', keyPadding);
  checkSize('keyPadding', keyPadding, [rows]);
  checkWhole('longestKey', longestKey, longest);
}

/** @returns rows and width of the context */
function checkSelf(
  { queryKeyValue, starts, keyPadding }: Readonly<Record<SelfInputs, TensorInfo>>,
  attrs: AttentionAttributes,
  backend: OneDnnBackend,
): [rows: number, embed: number] {
  const [rows, width] = tableSizes('queryKeyValue', queryKeyValue);
  checkHeads('heads', attrs.heads, width / 3);
  checkKeys({ name: 'starts', tensor: starts }, keyPadding, rows, attrs, backend);
  return [rows, width / 3];
}

/** @returns rows and width of the query */
function checkCross(
  { query, queryStarts, keyValue, keyStarts, keyPadding }: Readonly<Record<CrossInputs, TensorInfo>>,
  attrs: AttentionAttributes,
  backend: OneDnnBackend,
): [targetRows: number, embed: number] {
  const [targetRows, embed] = tableSizes('query', query);
  const [sourceRows] = tableSizes('keyValue', keyValue);
  checkHeads('heads', attrs.heads, embed);
  checkSize('keyValue', keyValue, [sourceRows, 2 * embed]);
  checkSize('keyStarts', keyStarts, queryStarts.shape);
  checkIntegers('queryStarts', queryStarts);
  checkStarts('queryStarts', backend.integers(queryStarts), targetRows);
  checkKeys({ name: 'keyStarts', tensor: keyStarts }, keyPadding, sourceRows, attrs, backend);
  return [targetRows, embed];
}

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
  ({ inputs, attrs, backend }) => {
    const { queryKeyValue, starts, keyPadding } = inputs;
    const [rows, embed] = checkSelf(inputs, attrs, backend);
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
  ({ inputs, attrs, backend }) => {
    const { queryKeyValue, starts, keyPadding, context, logSumExp, dy } = inputs;
    const [rows, embed] = checkSelf(inputs, attrs, backend);
    checkSize('context', context, [rows, embed]);
    checkSize('logSumExp', logSumExp, [attrs.heads * rows]);
    checkSize('dy', dy, [rows, embed]);
    const dQueryKeyValue = backend.output(queryKeyValue.shape);
    addon().selfAttentionGrad(
      ...([backend.floats(queryKeyValue), backend.integers(starts), backend.integers(keyPadding)] as const),
      ...([backend.floats(context), backend.floats(logSumExp), backend.floats(dy)] as const),
      backend.floats(dQueryKeyValue),
      ...shapeArguments(starts, embed, attrs),
      ...dropoutArguments(attrs),
    );
    return dQueryKeyValue;
  },
  selfFlops(4),
);

/** query [target rows, embed], keyValue [source rows, 2 · embed], starts of both, keyPadding [source rows]. */
const fusedCrossAttention = kernel<CrossInputs, AttentionAttributes>(
  'FusedCrossAttention',
  ({ inputs, attrs, backend }) => {
    const { query, queryStarts, keyValue, keyStarts, keyPadding } = inputs;
    const [targetRows, embed] = checkCross(inputs, attrs, backend);
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
    const [targetRows, embed] = checkCross(inputs, attrs, backend);
    checkSize('context', context, query.shape);
    checkSize('logSumExp', logSumExp, [attrs.heads * targetRows]);
    checkSize('dy', dy, query.shape);
    const dQuery = backend.output(query.shape);
    const dKeyValue = backend.output(keyValue.shape);
    addon().crossAttentionGrad(
      ...([backend.floats(query), backend.integers(queryStarts)] as const),
      ...([backend.floats(keyValue), backend.integers(keyStarts), backend.integers(keyPadding)] as const),
      ...([backend.floats(context), backend.floats(logSumExp), backend.floats(dy)] as const),
      ...([backend.floats(dQuery), backend.floats(dKeyValue)] as const),
      ...shapeArguments(queryStarts, embed, attrs),
      ...dropoutArguments(attrs),
    );
    return [dQuery, dKeyValue];
  },
  crossFlops(4),
);

export const attentionKernels = [
  fusedSelfAttention,
  fusedSelfAttentionGrad,
  fusedCrossAttention,
  fusedCrossAttentionGrad,
];
