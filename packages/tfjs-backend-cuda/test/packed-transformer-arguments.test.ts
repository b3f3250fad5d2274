import { packTransformer } from 'tfjs-backend-cuda';
import { beforeAll, describe, expect, it } from 'vitest';
import { EOS, type Pack, smallSearches, testArguments } from '../../../test/helpers/packed-transformer-arguments.js';
import { useCuda } from './helpers/backends.js';

const packed: Pack = (sizes, weights, precision) => packTransformer(sizes, weights, precision as 'float32');

beforeAll(async () => {
  await useCuda();
});

testArguments(packed, ['float32', 'bfloat16']);

describe('the decodings of a model', () => {
  const { pack, decode } = smallSearches(packed);

  it('choose classes only directly after their own step', () => {
    const model = pack();
    const [first, second] = [decode(model), decode(model)];
    expect(() => first.top(3, 1, null)).toThrow('must directly follow a step()');
    first.step(EOS, 2, null);
    const chosen = [...first.top(3, 1, null)];
    second.step(EOS, 2, null);
    expect([...first.top(3, 1, null)]).toEqual(chosen); // each has memory of its own
    second.select(Int32Array.of(1, 0));
    expect(() => second.top(3, 1, null)).toThrow('must directly follow a step()');
  });

  it('may lose all their rows, or get more of them', () => {
    const decoding = decode(pack());
    decoding.step(EOS, 2, null);
    decoding.select(Int32Array.of(0, 1, 1, 0, 0, 0));
    decoding.step(Int32Array.of(4, 5, 4, 5, 4, 4), 3, null);
    const table = [...decoding.top(2, 1, null)];
    expect(table.slice(0, 4)).toEqual(table.slice(8, 12));
    expect(table.slice(4, 8)).toEqual(table.slice(12, 16));
    decoding.select(new Int32Array(0));
    decoding.step(new Int32Array(0), 4, new Float32Array(0));
    expect(decoding.top(2, 1, null)).toEqual(new Float32Array(0));
  });
});
