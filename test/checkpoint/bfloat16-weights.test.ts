import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compactWeights, restoreWeights } from '../../src/checkpoint/compact-weights.js';
import type { NamedTensor } from '../../src/checkpoint/safetensors-header.js';

const matrix = (values: readonly number[]): NamedTensor => ({
  ...{ dtype: 'F32', shape: [1, values.length], data: Float32Array.from(values) },
});
const roundTrip = (values: readonly number[]): number[] => {
  const compact = compactWeights(new Map([['w', matrix(values)]]), 'bfloat16');
  expect(compact.get('w')!.dtype).toBe('BF16');
  return [...(restoreWeights(compact, 'x').get('w')!.data as Float32Array)];
};

describe('weights as bfloat16', () => {
  it('are the nearest values, ties to even', () => {
    const step = 2 ** -7; // between neighbours of 1
    expect(roundTrip([1 + step / 2, 1 + (3 * step) / 2, 1 + step * 0.6, -(1 + step * 0.4)])).toEqual([
      ...[1, 1 + 2 * step, 1 + step, -1],
    ]);
    expect(roundTrip([0, -0, Infinity, -Infinity, NaN, 3.4e38])).toEqual([0, -0, Infinity, -Infinity, NaN, Infinity]);
  });

  it('lose at most half a unit in the last of 8 digits', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: 2 ** -100, max: 2 ** 100 }), (value) => {
        expect(Math.abs(roundTrip([value])[0]! - value)).toBeLessThanOrEqual(value * 2 ** -8);
      }),
    );
  });

  it('leave vectors and tables of positions unchanged', () => {
    const weights = new Map<string, NamedTensor>([
      ['bias', { dtype: 'F32', shape: [2], data: Float32Array.of(0.1, 0.2) }],
      ['encoder.embed_positions.weight', matrix([0.1, 0.2])],
    ]);
    expect(compactWeights(weights, 'bfloat16')).toEqual(weights);
  });
});
