import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { adam } from '../../src/optim/adam.js';
import { portableArenaKernels } from '../../src/optim/arena-kernels.js';
import { ParameterStore } from '../../src/optim/parameter-store.js';
import { selectOptions } from '../../src/options/select.js';

const LEARNING_RATE = 5e-3;

function storeOf(values: readonly number[]): ParameterStore {
  const store = new ParameterStore();
  store.parameter('weight', [values.length], (target) => target.set(values));
  return store.build(() => 0);
}

/** The same formulas in float64, one element at a time. */
function reference(
  start: number,
  gradients: readonly number[],
  { beta1, beta2, epsilon, weightDecay }: { beta1: number; beta2: number; epsilon: number; weightDecay: number },
): number {
  let [value, m, v] = [start, 0, 0];
  for (const [index, gradient] of gradients.entries()) {
    const step = index + 1;
    m = beta1 * m + (1 - beta1) * gradient;
    v = beta2 * v + (1 - beta2) * gradient * gradient;
    value -= LEARNING_RATE * weightDecay * value;
    const rate = (LEARNING_RATE * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
    value -= (rate * m) / (Math.sqrt(v) + epsilon);
  }
  return value;
}

describe('Adam', () => {
  it.each([
    { name: 'the defaults', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    { name: "the Transformer's betas and decay", beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.01 },
    { name: 'a large ε, which is not bias-corrected', beta1: 0.9, beta2: 0.98, epsilon: 0.1, weightDecay: 0 },
  ])('follows the float64 formulas over ten steps with $name', ({ beta1, beta2, epsilon, weightDecay }) => {
    const starts = [0.5, -1.25, 3e-4, 0];
    const gradientOf = (element: number, step: number): number => Math.sin(element * 7 + step) * 10 ** (element - 3);
    const store = storeOf(starts);
    const options = { adamBetas: [beta1, beta2], adamEps: epsilon, weightDecay };
    const optimizer = adam.build(options, store, portableArenaKernels);
    for (let step = 1; step <= 10; step++) {
      store.gradients.set(starts.map((_, element) => Math.fround(gradientOf(element, step))));
      optimizer.step(LEARNING_RATE, step);
    }
    for (const [element, start] of starts.entries()) {
      const gradients = Array.from({ length: 10 }, (_, index) => Math.fround(gradientOf(element, index + 1)));
      const expected = reference(start, gradients, { beta1, beta2, epsilon, weightDecay });
      expect(store.values[element]).toBeCloseTo(expected, 6);
    }
  });

  it('decays parameters whose gradient is zero too', () => {
    const store = storeOf([2]);
    const optimizer = adam.build(selectOptions(adam.options, { weightDecay: 0.1 }), store, portableArenaKernels);
    optimizer.step(0.5, 1);
    expect(store.values[0]).toBeCloseTo(2 * (1 - 0.5 * 0.1), 6);
  });

  it('leaves the padding between parameters zero', () => {
    const store = new ParameterStore();
    store.parameter('a', [3], (values) => values.fill(1));
    store.parameter('b', [2], (values) => values.fill(1));
    store.build(() => 0);
    store.view(store.gradients, store.parameters[0]!).fill(1);
    store.view(store.gradients, store.parameters[1]!).fill(1);
    adam.build(selectOptions(adam.options, {}), store, portableArenaKernels).step(0.1, 1);
    expect([...store.values.subarray(3, 16)]).toEqual(new Array(13).fill(0));
  });

  it.each([[[0.9]], [[0.9, 1]], [[-0.1, 0.9]], [[0.9, 0.98, 0.99]]])('refuses the betas %j', (adamBetas) => {
    const build = (): unknown =>
      adam.build(selectOptions(adam.options, { adamBetas }), storeOf([1]), portableArenaKernels);
    expect(build).toThrow(UserError);
  });
});
