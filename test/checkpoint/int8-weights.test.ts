import { statSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCheckpoint, saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { compactWeights, restoreWeights } from '../../src/checkpoint/compact-weights.js';
import { INT8_SCALE } from '../../src/checkpoint/int8-weights.js';
import type { NamedTensor } from '../../src/checkpoint/safetensors-header.js';
import { UserError } from '../../src/errors.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { plugInMetadata, sampleCheckpoint, vector } from './sample.js';

/** Below this, a scale is subnormal or underflows in float32. */
const UNDERFLOW = 2e-43;

const folder = temporaryFolder();
const quantizeWeights = (weights: ReadonlyMap<string, NamedTensor>): Map<string, NamedTensor> =>
  new Map(compactWeights(weights, 'int8'));
const matrix = (rows: number, columns: number, values: ArrayLike<number>): NamedTensor => ({
  ...{ dtype: 'F32', shape: [rows, columns], data: Float32Array.from(values) },
});
const roundTrip = (weights: Record<string, NamedTensor>): ReadonlyMap<string, NamedTensor> =>
  restoreWeights(quantizeWeights(new Map(Object.entries(weights))), 'x');

describe('weights as int8', () => {
  // Scales of smaller values would be subnormal, without all their digits.
  const value = fc.float({ noNaN: true, min: -1e6, max: 1e6 }).map((number) => (Math.abs(number) < 1e-30 ? 0 : number));
  const values = fc.array(value, { minLength: 12, maxLength: 12 });

  it('are restored within half a step of their row, and the largest of a row within a rounding error', () => {
    fc.assert(
      fc.property(values, (numbers) => {
        const before = matrix(3, 4, numbers).data as Float32Array;
        const after = roundTrip({ w: matrix(3, 4, numbers) }).get('w')!.data as Float32Array;
        for (let row = 0; row < 3; row++) {
          const largest = Math.max(...before.subarray(4 * row, 4 * row + 4).map(Math.abs));
          for (let at = 4 * row; at < 4 * row + 4; at++) {
            const error = Math.abs(after[at]! - before[at]!);
            expect(error).toBeLessThanOrEqual((largest / 127) * 0.50001 + UNDERFLOW);
            if (Math.abs(before[at]!) === largest) expect(error).toBeLessThanOrEqual(largest * 1e-6 + UNDERFLOW);
          }
        }
      }),
    );
  });

  it('are the same when quantized again after restoring', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9999, max: 9999 }), { minLength: 12, maxLength: 12 }), (integers) => {
        const numbers = integers.map((integer) => integer / 1000);
        const once = quantizeWeights(new Map([['w', matrix(3, 4, numbers)]]));
        const twice = quantizeWeights(restoreWeights(once, 'x'));
        expect(twice.get('w')).toEqual(once.get('w'));
      }),
    );
  });

  it('leave vectors and tables of positions unchanged', () => {
    const weights = { bias: vector(1, 2), 'encoder.embed_positions.weight': matrix(1, 2, [0.1, 0.2]) };
    expect(Object.fromEntries(roundTrip(weights))).toEqual(weights);
  });

  it.each([
    ['none', undefined],
    ['too few', vector(1)],
  ])('are an error in a file with scales for them that are %s', (_, scale) => {
    const weights = quantizeWeights(new Map([['w', matrix(2, 2, [1, 2, 3, 4])]]));
    if (scale === undefined) weights.delete(`${INT8_SCALE}w`);
    else weights.set(`${INT8_SCALE}w`, scale);
    expect(() => restoreWeights(weights, 'model.safetensors')).toThrow(UserError);
    expect(() => restoreWeights(weights, 'model.safetensors')).toThrow(
      'the int8 matrix w in model.safetensors does not have one scale per row',
    );
  });

  it('are refused if one is NaN', () => {
    expect(() => quantizeWeights(new Map([['w', matrix(1, 2, [1, Number.NaN])]]))).toThrow(
      'w has values that are not finite',
    );
  });

  it('are what convert --int8 writes, in less space and without the optimizer', async () => {
    const [from, to] = [join(folder, 'whole'), join(folder, 'int8')];
    const w = matrix(
      64,
      64,
      Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
    );
    saveCheckpoint(from, { ...sampleCheckpoint(1, 2), metadata: plugInMetadata, weights: new Map([['w', w]]) });
    expect(await runMain('convert', '--int8', from, to)).toMatchObject({ code: 0 });
    expect(statSync(`${to}.safetensors`).size).toBeLessThan(0.4 * statSync(`${from}.safetensors`).size);
    const { weights, optimizer } = loadCheckpoint(to, { optimizer: true });
    expect(optimizer).toBeNull();
    expect([...weights.keys()]).toEqual(['w']);
    expect(weights.get('w')).toEqual(roundTrip({ w }).get('w'));
  });

  it("are refused for fairseq's format", async () => {
    const from = join(folder, 'whole2');
    saveCheckpoint(from, sampleCheckpoint(1));
    const outcome = await runMain('convert', '--int8', from, join(folder, 'x.pt'));
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('--int8: fairseq has no int8 checkpoints');
  });
});
