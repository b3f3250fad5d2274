import { addon } from '../addon.js';
import { checkSize, type DropoutAttributes, dropoutArguments, kernel } from './kernel.js';

type AttentionAttributes = DropoutAttributes & { readonly heads: number; readonly causal: boolean };

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
);

const fusedSelfAttentionGrad = kernel<
  'queryKeyValue' | 'keyPaddingMask' | 'context' | 'logSumExp' | 'dy',
  AttentionAttributes
>('FusedSelfAttentionGrad', ({ inputs, attrs, backend }) => {
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
});

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
);

const fusedCrossAttentionGrad = kernel<
  'query' | 'keyValue' | 'keyPaddingMask' | 'context' | 'logSumExp' | 'dy',
  AttentionAttributes
>('FusedCrossAttentionGrad', ({ inputs, attrs, backend }) => {
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
});

export const attentionKernels = [
  fusedSelfAttention,
  fusedSelfAttentionGrad,
  fusedCrossAttention,
  fusedCrossAttentionGrad,
];
