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

/** @throws Error unless the sequences and their padding match the rows */
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

/** @returns the rows and the width of the context */
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

/** @returns the rows of queries and of keys, and the width of a query */
function checkCross(
  { query, queryStarts, keyValue, keyStarts, keyPadding }: Readonly<Record<CrossInputs, TensorInfo>>,
  attrs: AttentionAttributes,
  backend: OneDnnBackend,
): { queryRows: number; keyRows: number; embed: number } {
  const [queryRows, embed] = tableSizes('query', query);
  const [keyRows] = tableSizes('keyValue', keyValue);
  checkHeads('heads', attrs.heads, embed);
  checkSize('keyValue', keyValue, [keyRows, 2 * embed]);
  checkSize('keyStarts', keyStarts, queryStarts.shape);
  checkIntegers('queryStarts', queryStarts);
  checkStarts('queryStarts', backend.integers(queryStarts), queryRows);
  checkKeys({ name: 'keyStarts', tensor: keyStarts }, keyPadding, keyRows, attrs, backend);
  return { queryRows, keyRows, embed };
}

/** The shape and the dropout under the add-on's names. */
function shapeArguments(starts: TensorInfo, embed: number, attrs: AttentionAttributes) {
  const { heads, longestKey, causal } = attrs;
  const sequences = starts.shape[0]! - 1;
  return { sequences, heads, headDim: embed / heads, longestKey, causal, ...dropoutArguments(attrs) };
}

/**
 * Floating-point operations of one product with every query and key of a sequence, such as query · keyᵀ: 2 · embed · Σ
 * queries · keys. Masked keys count; a kernel that skips them is faster by that much.
 */
function productFlops(queryStarts: Int32Array, keyStarts: Int32Array, embed: number): number {
  let pairs = 0;
  for (let sequence = 1; sequence < queryStarts.length; sequence++) {
    const length = (starts: Int32Array): number => starts[sequence]! - starts[sequence - 1]!;
    pairs += length(queryStarts) * length(keyStarts);
  }
  return 2 * embed * pairs;
}

/** Scores and context take 2 products, their gradients 4. Recomputation does not count. */
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
    addon().selfAttention({
      queryKeyValue: backend.floats(queryKeyValue),
      starts: backend.integers(starts),
      keyPadding: backend.integers(keyPadding),
      context: backend.floats(context),
      logSumExp: backend.floats(logSumExp),
      rows,
      ...shapeArguments(starts, embed, attrs),
    });
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
    addon().selfAttentionGrad({
      queryKeyValue: backend.floats(queryKeyValue),
      starts: backend.integers(starts),
      keyPadding: backend.integers(keyPadding),
      context: backend.floats(context),
      logSumExp: backend.floats(logSumExp),
      dContext: backend.floats(dy),
      dQueryKeyValue: backend.floats(dQueryKeyValue),
      rows,
      ...shapeArguments(starts, embed, attrs),
    });
    return dQueryKeyValue;
  },
  selfFlops(4),
);

/** query [query rows, embed], keyValue [key rows, 2 · embed], starts of both, keyPadding [key rows] → context, logSumExp. */
const fusedCrossAttention = kernel<CrossInputs, AttentionAttributes>(
  'FusedCrossAttention',
  ({ inputs, attrs, backend }) => {
    const { query, queryStarts, keyValue, keyStarts, keyPadding } = inputs;
    const { queryRows, keyRows, embed } = checkCross(inputs, attrs, backend);
    const context = backend.output(query.shape);
    const logSumExp = backend.output([attrs.heads * queryRows]);
    addon().crossAttention({
      query: backend.floats(query),
      queryStarts: backend.integers(queryStarts),
      keyValue: backend.floats(keyValue),
      keyStarts: backend.integers(keyStarts),
      keyPadding: backend.integers(keyPadding),
      context: backend.floats(context),
      logSumExp: backend.floats(logSumExp),
      queryRows,
      keyRows,
      ...shapeArguments(queryStarts, embed, attrs),
    });
    return [context, logSumExp];
  },
  crossFlops(2),
);

const fusedCrossAttentionGrad = kernel<CrossInputs | 'context' | 'logSumExp' | 'dy', AttentionAttributes>(
  'FusedCrossAttentionGrad',
  ({ inputs, attrs, backend }) => {
    const { query, queryStarts, keyValue, keyStarts, keyPadding, context, logSumExp, dy } = inputs;
    const { queryRows, keyRows, embed } = checkCross(inputs, attrs, backend);
    checkSize('context', context, query.shape);
    checkSize('logSumExp', logSumExp, [attrs.heads * queryRows]);
    checkSize('dy', dy, query.shape);
    const dQuery = backend.output(query.shape);
    const dKeyValue = backend.output(keyValue.shape);
    addon().crossAttentionGrad({
      query: backend.floats(query),
      queryStarts: backend.integers(queryStarts),
      keyValue: backend.floats(keyValue),
      keyStarts: backend.integers(keyStarts),
      keyPadding: backend.integers(keyPadding),
      context: backend.floats(context),
      logSumExp: backend.floats(logSumExp),
      dContext: backend.floats(dy),
      dQuery: backend.floats(dQuery),
      dKeyValue: backend.floats(dKeyValue),
      queryRows,
      keyRows,
      ...shapeArguments(queryStarts, embed, attrs),
    });
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
