import { UserError } from '../errors.js';
import type { NamedTensor } from './safetensors-header.js';

/** Prefix of the names of the scales, float32 [rows], of matrices that are stored as int8. */
export const INT8_SCALE = 'int8-scale.';

/** The largest magnitude of an element. −128 is not used, so that the range is symmetric. */
const LARGEST = 127;

/**
 * Quantizes a float32 matrix to int8 with one scale per row, the row's largest magnitude / 127.
 * @returns the matrix and its scales, with their names
 * @throws UserError for a value that is not finite
 */
export function quantizeMatrix(name: string, { data, shape }: NamedTensor): [string, NamedTensor][] {
  const [rows, columns] = shape as [number, number];
  const values = new Int8Array(data.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const source = (data as Float32Array).subarray(row * columns, (row + 1) * columns);
    const largest = source.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
    if (!Number.isFinite(largest))
      throw new UserError(`${name} has values that are not finite`, 'convert a checkpoint with finite weights');
    scales[row] = largest / LARGEST;
    const scale = scales[row]!; // 0 for a row of zeros, or if the scale underflows float32
    if (scale === 0) continue;
    source.forEach((value, column) => {
      values[row * columns + column] = Math.max(-LARGEST, Math.min(LARGEST, Math.round(value / scale)));
    });
  }
  return [
    [name, { dtype: 'I8', shape, data: values }],
    [INT8_SCALE + name, { dtype: 'F32', shape: [rows], data: scales }],
  ];
}

/** Restores a float32 matrix. @throws UserError if its scales are missing or have another length */
export function restoreMatrix(
  name: string,
  { data, shape }: NamedTensor,
  scale: NamedTensor | undefined,
  file: string,
): NamedTensor {
  const [rows = 0, columns = 0] = shape;
  if (!(scale?.data instanceof Float32Array) || scale.data.length !== rows || shape.length !== 2) {
    throw new UserError(
      `the int8 matrix ${name} in ${file} does not have one scale per row`,
      'convert the model again',
    );
  }
  const values = new Float32Array(rows * columns);
  for (let at = 0; at < values.length; at++) values[at] = Number(data[at]) * scale.data[Math.floor(at / columns)]!;
  return { dtype: 'F32', shape, data: values };
}
