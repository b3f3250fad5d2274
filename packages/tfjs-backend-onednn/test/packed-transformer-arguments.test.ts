import { packTransformer } from 'tfjs-backend-onednn/search';
import { describe, expect, it } from 'vitest';
import { EOS, type Pack, smallSearches, testArguments } from '../../../test/helpers/packed-transformer-arguments.js';

const packed: Pack = (sizes, weights, precision) => packTransformer(sizes, weights, precision as 'float32');

testArguments(packed, ['float32', 'bfloat16', 'int8']);

describe('the decodings of a model', () => {
  const { pack, decode } = smallSearches(packed);

  it('chooses classes only directly after its own step: the model has memory for one', () => {
    const model = pack();
    const [first, second] = [decode(model), decode(model)];
    expect(() => first.top(3, 1, null)).toThrow('must directly follow a step()');
    first.step(EOS, 2, null);
    const chosen = [...first.top(3, 1, null)];
    expect([...first.top(3, 1, null)]).toEqual(chosen);
    second.step(EOS, 2, null);
    expect(() => first.top(3, 1, null)).toThrow('must directly follow a step()');
    expect([...second.top(3, 1, null)]).toEqual(chosen);
    second.select(Int32Array.of(1, 0));
    expect(() => second.top(3, 1, null)).toThrow('must directly follow a step()');
    first.step(EOS, 3, null);
    decode(model);
    expect(() => first.top(3, 1, null)).toThrow('must directly follow a step()');
  });
});
