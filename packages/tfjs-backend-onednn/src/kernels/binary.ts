import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import type { OneDnnBackend } from '../backend.js';
import { broadcast_util, util } from '../core.js';
import { isFloat, partialKernel, sizeOf } from './kernel.js';

/** The sizes of an operand of a table [rows, columns]: a single row or column is repeated. */
interface OperandSizes {
  readonly rows: number;
  readonly columns: number;
}

/** The number of elements if `part` spans all of these axes or none of them, else null. */
function span(part: readonly number[], axes: readonly number[]): number | null {
  const spans = part.every((size, axis) => size === axes[axis]) || part.every((size) => size === 1);
  return spans ? sizeOf(part) : null;
}

function operandSizes(shape: readonly number[], out: readonly number[], split: number): OperandSizes | null {
  const full = [...new Array<number>(out.length - shape.length).fill(1), ...shape];
  const rows = span(full.slice(0, split), out.slice(0, split));
  const columns = span(full.slice(split), out.slice(split));
  return rows === null || columns === null ? null : { rows, columns };
}

/** A view of both operands and the output as tables; null if broadcasting is more complex. */
function tables(a: TensorInfo, b: TensorInfo, out: readonly number[]) {
  for (let split = 0; split <= out.length; split++) {
    const [left, right] = [operandSizes(a.shape, out, split), operandSizes(b.shape, out, split)];
    if (left === null || right === null) continue;
    return { rows: sizeOf(out.slice(0, split)), columns: sizeOf(out.slice(split)), left, right };
  }
  return null;
}

/** The sum if one side is zeros that were never written: the other side, or null if that has another shape. */
function sumWithZeros(a: TensorInfo, b: TensorInfo, backend: OneDnnBackend): TensorInfo | null {
  if (!util.arraysEqual(a.shape, b.shape)) return null;
  if (backend.isZeros(b)) return backend.alias(a, a.shape);
  return backend.isZeros(a) ? backend.alias(b, b.shape) : null;
}

function binaryKernel(kernelName: string, operation: number): KernelConfig {
  return partialKernel<'a' | 'b'>(kernelName, ({ inputs: { a, b }, backend }) => {
    if (!isFloat(a) || !isFloat(b)) return null;
    const unchanged = kernelName === 'Add' ? sumWithZeros(a, b, backend) : null;
    if (unchanged !== null) return unchanged;
    const shape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const table = tables(a, b, shape);
    if (table === null) return null;
    const { rows, columns, left, right } = table;
    const y = backend.output(shape);
    addon().binary({
      operation,
      ...{ a: backend.floats(a), b: backend.floats(b), y: backend.floats(y), rows, columns },
      ...{ aRows: left.rows, aColumns: left.columns, bRows: right.rows, bColumns: right.columns },
    });
    return y;
  });
}

/**
 * A comparison with one number, as criterions make it over the rows of a batch: one loop. tfjs-backend-cpu computes the
 * index of both operands for every element.
 */
function comparisonKernel(kernelName: string, compare: (a: number, b: number) => boolean): KernelConfig {
  return partialKernel<'a' | 'b'>(kernelName, ({ inputs: { a, b }, backend }) => {
    if (!isFloat(a) || !isFloat(b) || sizeOf(b.shape) !== 1 || b.shape.length > a.shape.length) return null;
    const values = backend.floats(a);
    const number = backend.floats(b)[0]!;
    const outcomes = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) outcomes[i] = Number(compare(values[i]!, number));
    return backend.makeTensorInfo(a.shape, 'bool', outcomes);
  });
}

export const binaryKernels = [
  comparisonKernel('Greater', (a, b) => a > b),
  comparisonKernel('GreaterEqual', (a, b) => a >= b),
  binaryKernel('Add', 0),
  binaryKernel('Sub', 1),
  binaryKernel('Multiply', 2),
  binaryKernel('RealDiv', 3),
];
