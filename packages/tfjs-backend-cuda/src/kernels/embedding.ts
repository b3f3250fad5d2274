import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import type { GradientPlace } from '../gradients.js';
import { embedding, scatterAdd } from '../host/embedding.js';
import { checkIndices, checkIntegers, checkSize, tableSizes } from './checks.js';
import { floats, type GradientAttributes, integers, kernel, knownIntegers, sizeOf } from './kernel.js';

interface EmbeddingAttributes extends GradientAttributes {
  readonly scale: number;
  readonly padIndex: number;
  readonly trainPositions: boolean;
}

type EmbeddingInputs = 'ids' | 'weight' | 'positions' | 'positionTable';

/** Checks shapes, and the indices if the host knows them. The kernels skip others that are outside their table. */
function checkTables(
  { ids, weight, positions, positionTable }: Readonly<Record<EmbeddingInputs, TensorInfo>>,
  backend: CudaBackend,
) {
  checkIntegers('ids', ids);
  checkIntegers('positions', positions);
  checkSize('positions', positions, ids.shape);
  const [vocab, embed] = tableSizes('weight', weight);
  const [positionRows] = tableSizes('positionTable', positionTable);
  checkSize('positionTable', positionTable, [positionRows, embed]);
  checkIndices('token id', knownIntegers(backend, ids) ?? new Int32Array(0), vocab);
  checkIndices('position', knownIntegers(backend, positions) ?? new Int32Array(0), positionRows);
  return { tokens: sizeOf(ids.shape), vocab, embed, positionRows };
}

/** y[i] = scale · weight[ids[i]] + positionTable[positions[i]]: [batch, time, embed]. */
const fusedEmbedding = kernel<EmbeddingInputs, EmbeddingAttributes>(
  'FusedEmbedding',
  ({ inputs, attrs: { scale }, backend }) => {
    const { ids, weight, positions, positionTable } = inputs;
    const shape = checkTables(inputs, backend);
    const y = backend.output([...ids.shape, shape.embed]);
    const addresses = { ...integers(backend, { ids, positions }), ...floats(backend, { weight, positionTable, y }) };
    embedding(backend, { ...addresses, ...shape, scale });
    return y;
  },
);

/** dy → dWeight, dPositionTable. `padIndex` has no gradient in either. */
const fusedEmbeddingGrad = kernel<EmbeddingInputs | 'dy', EmbeddingAttributes>(
  'FusedEmbeddingGrad',
  ({ inputs, attrs, backend }) => {
    const { ids, weight, positions, positionTable, dy } = inputs;
    const { tokens, embed, vocab, positionRows } = checkTables(inputs, backend);
    checkSize('dy', dy, [...ids.shape, embed]);
    const scatter = (
      indices: TensorInfo,
      { address, accumulate }: GradientPlace,
      { rows, scale }: { readonly rows: number; readonly scale: number },
    ): void => {
      const addresses = { ...integers(backend, { ids: indices }), ...floats(backend, { dy }), table: address };
      scatterAdd(backend, { ...addresses, tokens, rows, embed, scale, skip: attrs.padIndex, accumulate });
    };
    const dWeight = backend.gradientOutput(weight, attrs.collected?.weight);
    scatter(ids, dWeight, { rows: vocab, scale: attrs.scale });
    if (!attrs.trainPositions) return [dWeight.info, backend.zeros(positionTable.shape)];
    const dPositions = backend.gradientOutput(positionTable, attrs.collected?.positionTable);
    scatter(positions, dPositions, { rows: positionRows, scale: 1 });
    return [dWeight.info, dPositions.info];
  },
);

export const embeddingKernels: readonly KernelConfig[] = [fusedEmbedding, fusedEmbeddingGrad];
