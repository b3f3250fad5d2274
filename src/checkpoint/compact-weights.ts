import { fromBfloat16, roundToBfloat16 } from './half.js';
import { INT8_SCALE, quantizeMatrix, restoreMatrix } from './int8-weights.js';
import type { NamedTensor } from './safetensors-header.js';

/** How matrices are stored. */
export type WeightPrecision = 'float32' | 'bfloat16' | 'int8';

/**
 * Stores matrices with fewer bits. Vectors and tables of positions stay float32.
 * @throws UserError for a value that is not finite, with int8
 */
export function compactWeights(
  weights: ReadonlyMap<string, NamedTensor>,
  precision: WeightPrecision,
): ReadonlyMap<string, NamedTensor> {
  switch (precision) {
    case 'float32':
      return weights;
    case 'bfloat16':
      return compactMatrices(weights, (name, { shape, data }) => [
        [name, { dtype: 'BF16', shape, data: roundToBfloat16(data as Float32Array) }],
      ]);
    case 'int8':
      return compactMatrices(weights, quantizeMatrix);
  }
}

/** Replaces matrices by the tensors that `compact` returns. */
function compactMatrices(
  weights: ReadonlyMap<string, NamedTensor>,
  compact: (name: string, matrix: NamedTensor) => [string, NamedTensor][],
): ReadonlyMap<string, NamedTensor> {
  return new Map(
    [...weights].flatMap(([name, tensor]) => (isMatrix(name, tensor) ? compact(name, tensor) : [[name, tensor]])),
  );
}

const isMatrix = (name: string, { data, shape }: NamedTensor): boolean =>
  data instanceof Float32Array && shape.length === 2 && !name.includes('embed_positions');

/** Restores float32 weights. @throws UserError if an int8 matrix lacks its scales */
export function restoreWeights(weights: ReadonlyMap<string, NamedTensor>, file: string): Map<string, NamedTensor> {
  const restored = new Map<string, NamedTensor>();
  for (const [name, tensor] of weights) {
    if (name.startsWith(INT8_SCALE)) continue;
    restored.set(name, restore(name, tensor, weights, file));
  }
  return restored;
}

function restore(
  name: string,
  tensor: NamedTensor,
  weights: ReadonlyMap<string, NamedTensor>,
  file: string,
): NamedTensor {
  switch (tensor.dtype) {
    case 'I8':
      return restoreMatrix(name, tensor, weights.get(INT8_SCALE + name), file);
    case 'BF16':
      return { dtype: 'F32', shape: tensor.shape, data: fromBfloat16(tensor.data as Uint16Array) };
    default:
      return tensor;
  }
}
