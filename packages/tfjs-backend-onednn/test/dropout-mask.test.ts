import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dropoutMask } from '../../../src/ops/philox.js';
import type { DropoutSpec } from '../../../src/ops/random.js';
import { addon } from '../src/addon.js';

function nativeMask(spec: DropoutSpec, rows: number, columns: number): Float32Array {
  const mask = new Float32Array(rows * columns);
  addon().dropoutMask({ mask, rows, columns, ...spec });
  return mask;
}

const uint32 = fc.integer({ min: 0, max: 0xffffffff });

describe('the dropout mask', () => {
  test('equals the mask of TypeScript bit for bit', () => {
    const specs = fc.record({
      probability: fc.double({ min: 1e-9, max: 0.999, noNaN: true }),
      seed: uint32,
      update: uint32,
      microBatch: uint32,
      site: uint32,
    });
    fc.assert(
      fc.property(specs, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 140 }), (spec, rows, columns) => {
        expect(nativeMask(spec, rows, columns)).toEqual(dropoutMask(spec, rows, columns));
      }),
      { numRuns: 60 },
    );
  });

  test('drops about the requested fraction', () => {
    const mask = nativeMask({ probability: 0.3, seed: 1, update: 0, microBatch: 0, site: 0 }, 100, 1000);
    const dropped = mask.filter((value) => value === 0).length / mask.length;
    expect(dropped).toBeGreaterThan(0.29);
    expect(dropped).toBeLessThan(0.31);
  });
});
