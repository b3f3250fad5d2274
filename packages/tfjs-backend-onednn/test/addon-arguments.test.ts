import { describe, expect, it } from 'vitest';
import { addon } from '../src/addon.js';

const floats = (size: number): Float32Array => new Float32Array(size);

/** A call of `scale`, [size 2]: x, size, factor. */
const scale = (...args: unknown[]): void => (addon().scale as (...args: unknown[]) => void)(...args);

// Functions that take their arguments apart themselves, for blocks of memory of the pool.
const WITHOUT_ARGUMENTS = new Set(['describe', 'bestBuild', 'cachedPrimitives', 'canBfloat16']);
const OF_BLOCKS = new Set(['newBlock', 'releaseBlock', 'guardPiece']);

const names = Object.keys(addon()).filter((name) => !WITHOUT_ARGUMENTS.has(name) && !OF_BLOCKS.has(name));

describe('a call of the add-on', () => {
  it('computes with arguments of the right types', () => {
    const x = Float32Array.of(1, 2);
    scale(x, 2, 3);
    expect([...x]).toEqual([3, 6]);
  });

  it.each([
    ['argument 0 must be a Float32Array', [new Float64Array(2), 2, 3]],
    ['argument 0 must be a Float32Array', [[1, 2], 2, 3]],
    ['argument 0 must be a Float32Array', [undefined, 2, 3]],
    ['argument 1 must be a number', [floats(2), '2', 3]],
    ['argument 1 must be a number', [floats(2), null, 3]],
    ['argument 2 must be a number', [floats(2), 2]],
    ['3 arguments are needed, 4 given', [floats(2), 2, 3, 4]],
  ])('is refused: %s', (message, args) => {
    expect(() => scale(...args)).toThrow(message);
  });

  it('is refused where a flag is no boolean, a list no array, a weight no Float32Array', () => {
    const { addBias, transpose, openTransformer } = addon() as unknown as Record<string, (...args: unknown[]) => void>;
    expect(() => addBias!(floats(1), floats(1), 1, 1, 1)).toThrow('argument 4 must be a boolean');
    expect(() => transpose!(floats(1), floats(1), 1, [0])).toThrow('argument 2 must be an array of numbers');
    expect(() => openTransformer!([], 1, 1, 'weights', 0, 0)).toThrow('argument 3 must be a function');
  });

  it.each(names)('of %s without arguments is an error', (name) => {
    const native = (addon() as unknown as Record<string, () => void>)[name]!;
    expect(native).toThrow(/^argument 0 must be /);
  });
});
