import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { adam } from '../../src/optim/adam.js';
import { portableArenaKernels } from '../../src/optim/arena-kernels.js';
import { optimizerTensors, restoreOptimizer } from '../../src/optim/optimizer-state.js';
import { ParameterStore } from '../../src/optim/parameter-store.js';
import { selectOptions } from '../../src/options/select.js';
import type { Optimizer } from '../../src/plugins/optimizer.js';

function makeStore(): ParameterStore {
  const store = new ParameterStore();
  const ones = (values: Float32Array): void => void values.fill(1);
  store.stacked([
    { name: 'q', shape: [2, 3], initialize: ones },
    { name: 'k', shape: [2, 3], initialize: ones },
  ]);
  store.parameter('bias', [5], ones);
  return store.build(() => 0);
}

function makeOptimizer(store: ParameterStore): Optimizer {
  return adam.build(selectOptions(adam.options, {}), store, portableArenaKernels);
}

describe("an optimizer's state", () => {
  it('is saved as named tensors and restored, so that the next step is the same', () => {
    const [store, copy] = [makeStore(), makeStore()];
    const [optimizer, restored] = [makeOptimizer(store), makeOptimizer(copy)];
    for (const part of store.parameters) store.view(store.gradients, part).fill(0.25);
    optimizer.step(0.1, 1);
    const tensors = optimizerTensors(optimizer, store, 1);
    expect([...tensors.keys()]).toEqual([
      ...['q', 'k', 'bias'].map((name) => `exp_avg.${name}`),
      ...['q', 'k', 'bias'].map((name) => `exp_avg_sq.${name}`),
      'step',
    ]);
    copy.values.set(store.values);
    copy.gradients.set(store.gradients);
    const steps = restoreOptimizer(restored, copy, tensors, 'checkpoint_last');
    expect(steps).toBe(1);
    optimizer.step(0.1, 2);
    restored.step(0.1, 2);
    expect(copy.values).toEqual(store.values);
  });

  it.each(['exp_avg.bias', 'step'])('is refused when %s is missing, naming the checkpoint and the remedy', (name) => {
    const store = makeStore();
    const optimizer = makeOptimizer(store);
    const tensors = optimizerTensors(optimizer, store, 3);
    tensors.delete(name);
    const restore = (): unknown => restoreOptimizer(optimizer, store, tensors, 'ckpt/checkpoint_last');
    expect(restore).toThrow(UserError);
    expect(restore).toThrow(new RegExp(`ckpt/checkpoint_last has no matching ${name}.*--reset-optimizer`));
  });
});
