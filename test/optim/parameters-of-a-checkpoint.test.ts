import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { ParameterStore } from '../../src/optim/parameter-store.js';

const stored = { source: 'c', shapes: new Map([['w', { shape: [2, 3] }]]) };
const none = (): void => {};

describe('a model that is built for a checkpoint', () => {
  it.each<[string, string, number[], string]>([
    ['lacks', 'v', [2, 3], 'c lacks the parameter v'],
    ['has with another shape', 'w', [3, 2], 'w is [2, 3] in c and [3, 2] in this model'],
    ['has with fewer axes', 'w', [6], 'w is [2, 3] in c and [6] in this model'],
  ])('is refused at a parameter that the checkpoint %s, before it allocates memory', (_, name, shape, says) => {
    const build = () =>
      ParameterStore.holdingTo(stored, () => new ParameterStore().parameter(name, shape, none) && none());
    expect(build).toThrow(UserError);
    expect(build).toThrow(says);
  });

  it('does not restrict the parameters of later models, even after a refusal', () => {
    const declare = (): unknown => new ParameterStore().parameter('v', [1], none);
    expect(() => ParameterStore.holdingTo(stored, declare)).toThrow(UserError);
    expect(declare).not.toThrow();
  });

  it('is checked while it declares parameters, even after the call', () => {
    const store = ParameterStore.holdingTo(stored, () => new ParameterStore());
    expect(() => store.parameter('v', [1], none)).toThrow(UserError);
  });

  it.each([
    [true, 6],
    [false, 0],
  ])('has its values if it is allocated: %s', (allocate, least) => {
    const build = (): ParameterStore => {
      const store = new ParameterStore();
      store.parameter('w', [2, 3], none);
      return store.build(null);
    };
    expect(ParameterStore.holdingTo(stored, build, { allocate }).values.length >= least).toBe(true);
    if (!allocate) expect(ParameterStore.holdingTo(stored, build, { allocate }).values).toHaveLength(0);
  });
});
