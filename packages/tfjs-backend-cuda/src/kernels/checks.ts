import type { TensorInfo } from '@tensorflow/tfjs-core';

// Checks of inputs and attributes, whose messages use the names of the kernel.

const shown = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

function elements(shape: readonly number[]): number {
  let product = 1;
  for (const size of shape) product *= size;
  return product;
}

/** @throws Error unless the tensor exists and has the expected number of elements */
export function checkSize(what: string, tensor: TensorInfo | undefined, expected: readonly number[]): void {
  if (tensor === undefined) throw new Error(`${what} is missing`);
  if (elements(tensor.shape) !== elements(expected)) {
    throw new Error(`${what} has shape ${shown(tensor.shape)}, expected ${shown(expected)}`);
  }
}

/** @throws Error unless the tensor has two axes. Returns their sizes */
export function tableSizes(what: string, tensor: TensorInfo | undefined): [rows: number, columns: number] {
  if (tensor === undefined) throw new Error(`${what} is missing`);
  if (tensor.shape.length !== 2) throw new Error(`${what} has shape ${shown(tensor.shape)}, expected two axes`);
  return tensor.shape as [number, number];
}

/** @throws Error unless the elements of the tensor are integers; others would be truncated */
export function checkIntegers(what: string, tensor: TensorInfo | undefined): void {
  if (tensor === undefined) throw new Error(`${what} is missing`);
  if (tensor.dtype !== 'int32' && tensor.dtype !== 'bool')
    throw new Error(`${what} must be int32, not ${tensor.dtype}`);
}

/** @throws Error unless the value is a whole number in [least, most] */
export function checkWhole(what: string, value: number, least: number, most?: number): void {
  if (Number.isInteger(value) && value >= least && (most === undefined || value <= most)) return;
  const range = most === undefined ? `≥ ${least}` : `from ${least} to ${most}`;
  throw new Error(`${what} must be a whole number ${range}, not ${value}`);
}

/** @throws Error unless the number of heads is a whole number that divides the width */
export function checkHeads(what: string, heads: number, embed: number): void {
  checkWhole(what, heads, 1);
  checkWhole('embed', embed, 1);
  if (embed % heads !== 0) throw new Error(`${what} must be a divisor of the width ${embed}, not ${heads}`);
}

/**
 * Checks the starts of sequences, [sequences + 1]: they must rise from 0 to the number of rows.
 * @param least the length of the shortest sequence that is allowed
 * @returns the length of the longest sequence
 * @throws Error if they do not
 */
export function checkStarts(what: string, starts: Int32Array, rows: number, least = 0): number {
  let longest = 0;
  let isValid = starts[0] === 0 && starts[starts.length - 1] === rows;
  for (let sequence = 1; sequence < starts.length; sequence++) {
    const length = starts[sequence]! - starts[sequence - 1]!;
    if (length < least) isValid = false;
    longest = Math.max(longest, length);
  }
  if (isValid) return longest;
  const steps = least === 0 ? '' : ` by ${least} or more`;
  throw new Error(`${what} must rise from 0 to the ${rows} rows${steps}, but are ${someOf(starts)}`);
}

const MOST_SHOWN = 20;

const someOf = (values: Int32Array): string =>
  `${values.subarray(0, MOST_SHOWN).join(', ')}${values.length > MOST_SHOWN ? ', …' : ''}`;

/** @throws Error unless every value is in [0, size) */
export function checkIndices(what: string, values: Int32Array, size: number): void {
  for (let i = 0; i < values.length; i++) {
    if (values[i]! < 0 || values[i]! >= size) {
      throw new Error(`${what} ${values[i]} at index ${i} is not in [0, ${size})`);
    }
  }
}

/** @throws Error unless the value is a Float32Array of this size, which types do not guarantee for a caller in JavaScript */
export function checkFloats(what: string, values: unknown, size: number): void {
  if (!(values instanceof Float32Array)) throw new Error(`${what} must be a Float32Array`);
  if (values.length !== size) throw new Error(`${what} has ${values.length} elements, expected ${size}`);
}

/** @throws Error unless the value is an Int32Array */
export function checkInt32(what: string, values: unknown): void {
  if (!(values instanceof Int32Array)) throw new Error(`${what} must be an Int32Array`);
}
