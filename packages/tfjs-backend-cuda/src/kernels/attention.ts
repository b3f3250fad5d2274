import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import {
  type AttentionShape,
  crossAttention,
  crossAttentionGrad,
  selfAttention,
  selfAttentionGrad,
} from '../host/attention.js';
import { checkHeads, checkIntegers, checkSize, checkStarts, checkWhole, tableSizes } from './checks.js';
import {
  commonStorage,
  type DropoutAttributes,
  dropoutArguments,
  floats,
  integers,
  integersOnHost,
  kernel,
} from './kernel.js';

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
  backend: CudaBackend,
): void {
  checkIntegers(starts.name, starts.tensor);
  const longest = checkStarts(starts.name, integersOnHost(backend, starts.tensor), rows);
  checkIntegers('keyPadding', keyPadding);
  checkSize('keyPadding', keyPadding, [rows]);
  checkWhole('longestKey', longestKey, longest);
}

/** @returns the rows and the width of the context */
function checkSelf(
  { queryKeyValue, starts, keyPadding }: Readonly<Record<SelfInputs, TensorInfo>>,
  attrs: AttentionAttributes,
  backend: CudaBackend,
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
  backend: CudaBackend,
): { queryRows: number; keyRows: number; embed: number } {
  const [queryRows, embed] = tableSizes('query', query);
  const [keyRows] = tableSizes('keyValue', keyValue);
  checkHeads('heads', attrs.heads, embed);
  checkSize('keyValue', keyValue, [keyRows, 2 * embed]);
  checkSize('keyStarts', keyStarts, queryStarts.shape);
  checkIntegers('queryStarts', queryStarts);
  checkStarts('queryStarts', integersOnHost(backend, queryStarts), queryRows);
  checkKeys({ name: 'keyStarts', tensor: keyStarts }, keyPadding, keyRows, attrs, backend);
  return { queryRows, keyRows, embed };
}

/** The shape and the dropout under the names of host sides. */
function shapeArguments(starts: TensorInfo, embed: number, attrs: AttentionAttributes): AttentionShape {
  const { heads, longestKey, causal } = attrs;
  return {
    sequences: starts.shape[0]! - 1,
    heads,
    headDim: embed / heads,
    longestKey,
    causal,
    ...dropoutArguments(attrs),
  };
}

/** queryKeyValue [rows, 3 · embed], starts [batch + 1], keyPadding [rows] → context, logSumExp [heads · rows]. */
const fusedSelfAttention = kernel<SelfInputs, AttentionAttributes>(
  'FusedSelfAttention',
  ({ inputs, attrs, backend }) => {
    const { queryKeyValue, starts, keyPadding } = inputs;
    const [rows, embed] = checkSelf(inputs, attrs, backend);
    const { storage, addresses } = commonStorage(backend, { queryKeyValue });
    const [context, logSumExp] = [
      backend.output([rows, embed], 'float32', storage),
      backend.output([attrs.heads * rows]),
    ];
    selfAttention(backend, {
      ...{ ...addresses, context: backend.storedAddress(context), ...floats(backend, { logSumExp }) },
      ...{ ...integers(backend, { starts, keyPadding }), rows, storage, ...shapeArguments(starts, embed, attrs) },
    });
    return [context, logSumExp];
  },
);

const fusedSelfAttentionGrad = kernel<SelfInputs | 'context' | 'logSumExp' | 'dy', AttentionAttributes>(
  'FusedSelfAttentionGrad',
  ({ inputs, attrs, backend }) => {
    const { queryKeyValue, starts, keyPadding, context, logSumExp, dy: dContext } = inputs;
    const [rows, embed] = checkSelf(inputs, attrs, backend);
    checkSize('context', context, [rows, embed]);
    checkSize('logSumExp', logSumExp, [attrs.heads * rows]);
    checkSize('dy', dContext, [rows, embed]);
    const { storage, addresses } = commonStorage(backend, { queryKeyValue, context, dContext });
    const dQueryKeyValue = backend.output(queryKeyValue.shape, 'float32', storage);
    selfAttentionGrad(backend, {
      ...{ ...addresses, dQueryKeyValue: backend.storedAddress(dQueryKeyValue), ...floats(backend, { logSumExp }) },
      ...{ ...integers(backend, { starts, keyPadding }), rows, storage, ...shapeArguments(starts, embed, attrs) },
    });
    return dQueryKeyValue;
  },
);

/** query [query rows, embed], keyValue [key rows, 2 · embed], starts of both, keyPadding [key rows] → context, logSumExp. */
const fusedCrossAttention = kernel<CrossInputs, AttentionAttributes>(
  'FusedCrossAttention',
  ({ inputs, attrs, backend }) => {
    const { query, queryStarts, keyValue, keyStarts, keyPadding } = inputs;
    const { queryRows, keyRows, embed } = checkCross(inputs, attrs, backend);
    const { storage, addresses } = commonStorage(backend, { query, keyValue });
    const [context, logSumExp] = [
      backend.output(query.shape, 'float32', storage),
      backend.output([attrs.heads * queryRows]),
    ];
    crossAttention(backend, {
      ...{ ...addresses, context: backend.storedAddress(context), ...floats(backend, { logSumExp }) },
      ...integers(backend, { queryStarts, keyStarts, keyPadding }),
      ...{ queryRows, keyRows, storage, ...shapeArguments(queryStarts, embed, attrs) },
    });
    return [context, logSumExp];
  },
);

const fusedCrossAttentionGrad = kernel<CrossInputs | 'context' | 'logSumExp' | 'dy', AttentionAttributes>(
  'FusedCrossAttentionGrad',
  ({ inputs, attrs, backend }) => {
    const { query, queryStarts, keyValue, keyStarts, keyPadding, context, logSumExp, dy: dContext } = inputs;
    const { queryRows, keyRows, embed } = checkCross(inputs, attrs, backend);
    checkSize('context', context, query.shape);
    checkSize('logSumExp', logSumExp, [attrs.heads * queryRows]);
    checkSize('dy', dContext, query.shape);
    const { storage, addresses } = commonStorage(backend, { query, keyValue, context, dContext });
    const [dQuery, dKeyValue] = [query, keyValue].map(({ shape }) => backend.output(shape, 'float32', storage)) as [
      TensorInfo,
      TensorInfo,
    ];
    crossAttentionGrad(backend, {
      ...{ ...addresses, ...floats(backend, { logSumExp }) },
      ...{ dQuery: backend.storedAddress(dQuery), dKeyValue: backend.storedAddress(dKeyValue) },
      ...integers(backend, { queryStarts, keyStarts, keyPadding }),
      ...{ queryRows, keyRows, storage, ...shapeArguments(queryStarts, embed, attrs) },
    });
    return [dQuery, dKeyValue];
  },
);

export const attentionKernels: readonly KernelConfig[] = [
  fusedSelfAttention,
  fusedSelfAttentionGrad,
  fusedCrossAttention,
  fusedCrossAttentionGrad,
];
