import { describe, expect, it } from 'vitest';
import { ParameterStore } from '../../src/optim/parameter-store.js';
import { loadWeights, storeWeights } from '../../src/optim/weights.js';

const tensor = (shape: readonly number[], dtype = 'F32') => ({
  dtype,
  shape,
  data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(3),
});

function store(): ParameterStore {
  const parameters = new ParameterStore();
  parameters.parameter('a', [2, 3], (values) => values.fill(1));
  parameters.parameter('b', [3], (values) => values.fill(1));
  parameters.build(null);
  return parameters;
}

describe('the weights of a checkpoint', () => {
  const whole = { a: tensor([2, 3]), b: tensor([3]) };

  it('fill the parameters with the same names', () => {
    const parameters = store();
    loadWeights(parameters, new Map(Object.entries(whole)), 'x');
    const stored = storeWeights(parameters);
    expect([...stored.values()].flatMap(({ data }) => [...data])).toEqual(Array(9).fill(3));
    parameters.dispose();
  });

  it.each([
    ['lack a parameter', { a: whole.a }, 'x lacks the parameter b'],
    [
      'have an unknown parameter',
      { ...whole, c: tensor([1]) },
      'x has the parameter c, which this model does not have',
    ],
    [
      'have a table that the model shares',
      { ...whole, 'decoder.embed_tokens.weight': tensor([1]) },
      'x has the parameter decoder.embed_tokens.weight, which this model does not have',
    ],
    [
      'have another shape with the same number of values',
      { ...whole, a: tensor([3, 2]) },
      'a is [3, 2] in x and [2, 3] in this',
    ],
    ['have more axes', { ...whole, b: tensor([1, 3]) }, 'b is [1, 3] in x and [3] in this model'],
    ['have another type', { ...whole, b: tensor([3], 'F16') }, 'b is F16 in x, not F32'],
  ])('that %s are refused, and leave the model unchanged', (_, weights, message) => {
    const parameters = store();
    const before = [...parameters.values];
    expect(() => loadWeights(parameters, new Map(Object.entries(weights)), 'x')).toThrow(message);
    expect([...parameters.values]).toEqual(before);
    parameters.dispose();
  });
});
