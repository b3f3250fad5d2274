import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import type { GradientOutput } from '../backend.js';
import { checkIndices, checkIntegers, checkSize, tableSizes } from './checks.js';
import { type GradientAttributes, kernel, sizeOf } from './kernel.js';

interface EmbeddingAttributes extends GradientAttributes {
  readonly scale: number;
  readonly padIndex: number;
  readonly trainPositions: boolean;
}

type EmbeddingInputs = 'ids' | 'weight' | 'positions' | 'positionTable';

function checkTables({ ids, weight, positions, positionTable }: Readonly<Record<EmbeddingInputs, TensorInfo>>) {
  checkIntegers('ids', ids);
  checkIntegers('positions', positions);
  checkSize('positions', positions, ids.shape);
  const [vocab, embed] = tableSizes('weight', weight);
  const [positionRows] = tableSizes('positionTable', positionTable);
  checkSize('positionTable', positionTable, [positionRows, embed]);
  return { tokens: sizeOf(ids.shape), vocab, embed, positionRows };
}

/** y[i] = scale · weight[ids[i]] + positionTable[positions[i]]: [batch, time, embed]. */
const fusedEmbedding = kernel<EmbeddingInputs, EmbeddingAttributes>(
  'FusedEmbedding',
  ({ inputs: { ids, weight, positions, positionTable }, attrs, backend }) => {
    const { tokens, vocab, embed, positionRows } = checkTables({ ids, weight, positions, positionTable });
    const y = backend.output([...ids.shape, embed]);
    addon().embedding({
      ...{ ids: backend.integers(ids), weight: backend.floats(weight) },
      ...{ positions: backend.integers(positions), positionTable: backend.floats(positionTable) },
      ...{ y: backend.floats(y), tokens, embed, vocab, positionRows, scale: attrs.scale },
    });
    return y;
  },
);

/** dy → dWeight, dPositionTable. `padIndex` has no gradient in either. */
const fusedEmbeddingGrad = kernel<EmbeddingInputs | 'dy', EmbeddingAttributes>(
  'FusedEmbeddingGrad',
  ({ inputs: { ids, weight, positions, positionTable, dy }, attrs, backend }) => {
    const { tokens, vocab, embed, positionRows } = checkTables({ ids, weight, positions, positionTable });
    checkSize('dy', dy, [...ids.shape, embed]);
    const dWeight = backend.gradientOutput(weight, attrs.collected?.weight);
    const dPositions = attrs.trainPositions
      ? backend.gradientOutput(positionTable, attrs.collected?.positionTable)
      : null;
    // The add-on skips negative indices.
    checkIndices('token id', backend.integers(ids), vocab);
    checkIndices('position', backend.integers(positions), positionRows);
    const scatter = (indices: TensorInfo, { values, accumulate, info }: GradientOutput, scale: number): void => {
      addon().scatterAdd({
        ...{ ids: backend.integers(indices), dy: backend.floats(dy), table: values },
        ...{ tokens, rows: info.shape[0]!, embed, scale, skip: attrs.padIndex, accumulate },
      });
    };
    scatter(ids, dWeight, attrs.scale);
    if (dPositions !== null) scatter(positions, dPositions, 1);
    return [dWeight.info, dPositions?.info ?? backend.zeros(positionTable.shape)];
  },
);

export const embeddingKernels = [fusedEmbedding, fusedEmbeddingGrad];
