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
    addon().embedding(
      ...([backend.integers(ids), backend.floats(weight)] as const),
      ...([backend.integers(positions), backend.floats(positionTable), backend.floats(y)] as const),
      ...([tokens, embed, vocab, positionRows, attrs.scale] as const),
    );
    return y;
  },
);

/** dy → dWeight, dPositionTable; `padIndex` gets no gradient in either. */
const fusedEmbeddingGrad = kernel<EmbeddingInputs | 'dy', EmbeddingAttributes>(
  'FusedEmbeddingGrad',
  ({ inputs: { ids, weight, positions, positionTable, dy }, attrs, backend }) => {
    const { tokens, vocab, embed, positionRows } = checkTables({ ids, weight, positions, positionTable });
    checkSize('dy', dy, [...ids.shape, embed]);
    const dWeight = backend.gradientOutput(weight, attrs.collected?.weight);
    const dPositions = attrs.trainPositions
      ? backend.gradientOutput(positionTable, attrs.collected?.positionTable)
      : null;
    // The add-on leaves negative indices out.
    checkIndices('token id', backend.integers(ids), vocab);
    checkIndices('position', backend.integers(positions), positionRows);
    const scatter = (indices: TensorInfo, { values, accumulate, info }: GradientOutput, scale: number): void => {
      addon().scatterAdd(
        ...([backend.integers(indices), backend.floats(dy), values] as const),
        ...([tokens, info.shape[0]!, embed, scale, attrs.padIndex, accumulate] as const),
      );
    };
    scatter(ids, dWeight, attrs.scale);
    if (dPositions !== null) scatter(positions, dPositions, 1);
    return [dWeight.info, dPositions?.info ?? backend.zeros(positionTable.shape)];
  },
);

export const embeddingKernels = [fusedEmbedding, fusedEmbeddingGrad];
