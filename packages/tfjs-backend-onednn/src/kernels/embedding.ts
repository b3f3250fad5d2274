import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import type { GradientOutput } from '../backend.js';
import { checkSize, type GradientAttributes, kernel, tableShape } from './kernel.js';

interface EmbeddingAttributes extends GradientAttributes {
  readonly scale: number;
  readonly padIndex: number;
  readonly trainPositions: boolean;
}

/** y[i] = scale · weight[ids[i]] + positionTable[positions[i]]: [batch, time, embed]. */
const fusedEmbedding = kernel<'ids' | 'weight' | 'positions' | 'positionTable', EmbeddingAttributes>(
  'FusedEmbedding',
  ({ inputs: { ids, weight, positions, positionTable }, attrs, backend }) => {
    const table = tableShape(weight);
    const positionRows = tableShape(positionTable);
    checkSize('positions', positions, ids.shape);
    checkSize('positionTable', positionTable, [positionRows.rows, table.columns]);
    const y = backend.output([...ids.shape, table.columns]);
    const tokens = tableShape(y).rows;
    addon().embedding(
      ...([backend.integers(ids), backend.floats(weight)] as const),
      ...([backend.integers(positions), backend.floats(positionTable), backend.floats(y)] as const),
      ...([tokens, table.columns, table.rows, positionRows.rows, attrs.scale] as const),
    );
    return y;
  },
);

/** dy → dWeight, dPositionTable; `padIndex` gets no gradient in either. */
const fusedEmbeddingGrad = kernel<'ids' | 'weight' | 'positions' | 'positionTable' | 'dy', EmbeddingAttributes>(
  'FusedEmbeddingGrad',
  ({ inputs: { ids, weight, positions, positionTable, dy }, attrs, backend }) => {
    const { rows: tokens, columns: embed } = tableShape(dy);
    checkSize('dy', dy, [...ids.shape, weight.shape[1]!]);
    const dWeight = backend.gradientOutput(weight, attrs.collected?.weight);
    const dPositions = attrs.trainPositions
      ? backend.gradientOutput(positionTable, attrs.collected?.positionTable)
      : null;
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
