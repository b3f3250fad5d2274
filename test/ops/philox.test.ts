import { describe, expect, it } from 'vitest';
import { dropoutMask, philox4x32 } from '../../src/ops/philox.js';

const hex = (words: Uint32Array): string => [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ');

describe('Philox4x32-10', () => {
  // Known answers from tests/kat_vectors of the authors' Random123 library.
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ] as const)('turns the counter %j and the key %j into %s', (counter, key, expected) => {
    const out = new Uint32Array(4);
    philox4x32([...counter], [...key], out);
    expect(hex(out)).toBe(expected);
  });
});

describe('a dropout mask', () => {
  const spec = { probability: 0.3, seed: 1, update: 7, microBatch: 2, site: 5 };

  it('drops elements with the given probability and scales the others', () => {
    const mask = dropoutMask(spec, 100, 101);
    const dropped = mask.filter((value) => value === 0).length / mask.length;
    expect(dropped).toBeGreaterThan(0.28);
    expect(dropped).toBeLessThan(0.32);
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.7)]));
  });

  it('computes each row independently of other rows', () => {
    expect(dropoutMask(spec, 10, 7).slice(0, 21)).toEqual(dropoutMask(spec, 3, 7));
  });

  it.each(['seed', 'update', 'microBatch', 'site'] as const)('changes with the %s', (key) => {
    expect(dropoutMask({ ...spec, [key]: spec[key] + 1 }, 4, 8)).not.toEqual(dropoutMask(spec, 4, 8));
  });
});
