import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import { checkSize, type DropoutAttributes, dropoutArguments, kernel } from './kernel.js';

type AttentionAttributes = DropoutAttributes & { readonly heads: number; readonly causal: boolean };

/**
 * Of one product with every query and key, e.g. query · keyᵀ: 2 · batch · target · source · embed. Masked positions
 * count; a kernel that skips them is faster by that much.
 */
const productFlops = (query: TensorInfo, source: number, embed: number): number =>
  2 * query.shape[0]! * query.shape[1]! * source * embed;

const selfFlops = (products: number, queryKeyValue: TensorInfo): number =>
  products * productFlops(queryKeyValue, queryKeyValue.shape[1]!, queryKeyValue.shape[2]! / 3);

const crossFlops = (products: number, query: TensorInfo, keyValue: TensorInfo): number =>
  products * productFlops(query, keyValue.shape[1]!, query.shape[2]!);

/** queryKeyValue [batch, time, 3 · embed], keyPaddingMask [batch, time] → context, logSumExp [batch, heads, time]. */
const fusedSelfAttention = kernel<'queryKeyValue' | 'keyPaddingMask', AttentionAttributes>(
  'FusedSelfAttention',
  ({ inputs: { queryKeyValue, keyPaddingMask }, attrs, backend }) => {
    const [batch, time, width] = queryKeyValue.shape as [number, number, number];
    const { heads, causal } = attrs;
    checkSize('keyPaddingMask', keyPaddingMask, [batch, time]);
    const context = backend.output([batch, time, width / 3]);
    const logSumExp = backend.output([batch, heads, time]);
    addon().selfAttention(
      ...([backend.floats(queryKeyValue), backend.integers(keyPaddingMask)] as const),
      ...([backend.floats(context), backend.floats(logSumExp)] as const),
      ...([batch, heads, time, time, width / 3 / heads, causal] as const),
      ...dropoutArguments(attrs),
    );
    return [context, logSumExp];
  },
  ({ queryKeyValue }) => selfFlops(2, queryKeyValue),
);

const fusedSelfAttentionGrad = kernel<
  'queryKeyValue' | 'keyPaddingMask' | 'context' | 'logSumExp' | 'dy',
  AttentionAttributes
>(
  'FusedSelfAttentionGrad',
  ({ inputs, attrs, backend }) => {
    const { queryKeyValue, keyPaddingMask, context, logSumExp, dy } = inputs;
    const [batch, time, width] = queryKeyValue.shape as [number, number, number];
    const { heads, causal } = attrs;
    checkSize('dy', dy, [batch, time, width / 3]);
    const dQueryKeyValue = backend.output(queryKeyValue.shape);
    addon().selfAttentionGrad(
      ...([backend.floats(queryKeyValue), backend.integers(keyPaddingMask)] as const),
      ...([backend.floats(context), backend.floats(logSumExp), backend.floats(dy)] as const),
      backend.floats(dQueryKeyValue),
      ...([batch, heads, time, time, width / 3 / heads, causal] as const),
      ...dropoutArguments(attrs),
    );
    return dQueryKeyValue;
  },
  ({ queryKeyValue }) => selfFlops(4, queryKeyValue),
);

/** query [batch, target, embed], keyValue [batch, source, 2 · embed], keyPaddingMask [batch, source]. */
const fusedCrossAttention = kernel<'query' | 'keyValue' | 'keyPaddingMask', AttentionAttributes>(
  'FusedCrossAttention',
  ({ inputs: { query, keyValue, keyPaddingMask }, attrs, backend }) => {
    const [batch, target, embed] = query.shape as [number, number, number];
    const source = keyValue.shape[1]!;
    const { heads } = attrs;
    checkSize('keyValue', keyValue, [batch, source, 2 * embed]);
    checkSize('keyPaddingMask', keyPaddingMask, [batch, source]);
    const context = backend.output(query.shape);
    const logSumExp = backend.output([batch, heads, target]);
    addon().crossAttention(
      ...([backend.floats(query), backend.floats(keyValue), backend.integers(keyPaddingMask)] as const),
      ...([backend.floats(context), backend.floats(logSumExp)] as const),
      ...([batch, heads, target, source, embed / heads, attrs.causal] as const),
      ...dropoutArguments(attrs),
    );
    return [context, logSumExp];
  },
  ({ query, keyValue }) => crossFlops(2, query, keyValue),
);

const fusedCrossAttentionGrad = kernel<
  'query' | 'keyValue' | 'keyPaddingMask' | 'context' | 'logSumExp' | 'dy',
  AttentionAttributes
>(
  'FusedCrossAttentionGrad',
  ({ inputs, attrs, backend }) => {
    const { query, keyValue, keyPaddingMask, context, logSumExp, dy } = inputs;
    const [batch, target, embed] = query.shape as [number, number, number];
    const source = keyValue.shape[1]!;
    const { heads } = attrs;
    checkSize('dy', dy, query.shape);
    const dQuery = backend.output(query.shape);
    const dKeyValue = backend.output(keyValue.shape);
    addon().crossAttentionGrad(
      ...([backend.floats(query), backend.floats(keyValue), backend.integers(keyPaddingMask)] as const),
      ...([backend.floats(context), backend.floats(logSumExp), backend.floats(dy)] as const),
      ...([backend.floats(dQuery), backend.floats(dKeyValue)] as const),
      ...([batch, heads, target, source, embed / heads, attrs.causal] as const),
      ...dropoutArguments(attrs),
    );
    return [dQuery, dKeyValue];
  },
  ({ query, keyValue }) => crossFlops(4, query, keyValue),
);

export const attentionKernels = [
  fusedSelfAttention,
  fusedSelfAttentionGrad,
  fusedCrossAttention,
  fusedCrossAttentionGrad,
];
