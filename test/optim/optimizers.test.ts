import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { portableArenaKernels } from '../../src/optim/arena-kernels.js';
import { optimizers } from '../../src/optim/index.js';
import { optimizerTensors, restoreOptimizer } from '../../src/optim/optimizer-state.js';
import { ParameterStore } from '../../src/optim/parameter-store.js';
import { selectOptions } from '../../src/options/select.js';
import type { Optimizer } from '../../src/plugins/optimizer.js';

/** Ten steps of fairseq's and PyTorch's optimizers: see test/golden/optim/README.md. */
interface Golden {
  readonly parameters: readonly { name: string; shape: number[]; start: number[] }[];
  readonly learningRates: readonly number[];
  readonly gradients: readonly number[][][]; // [step][parameter][element]
  readonly steps: readonly number[];
  readonly cases: readonly {
    readonly optimizer: string;
    readonly options: Record<string, unknown>;
    readonly float64: readonly number[][][]; // [kept step][parameter][element]
    readonly float32: readonly number[][][];
  }[];
}

const golden: Golden = JSON.parse(readFileSync(new URL('../golden/optim/optimizers.json', import.meta.url), 'utf8'));

function makeStore(): ParameterStore {
  const store = new ParameterStore();
  for (const { name, shape, start } of golden.parameters) {
    store.parameter(name, shape, (values) => values.set(start));
  }
  return store.build(() => 0);
}

function build(name: string, options: Record<string, unknown>, store: ParameterStore): Optimizer {
  const definition = optimizers.find((optimizer) => optimizer.name === name)!;
  return definition.build(selectOptions(definition.options, options), store, portableArenaKernels);
}

/** Takes step `step` (from 1) of the golden run. */
function takeStep(optimizer: Optimizer, store: ParameterStore, step: number): void {
  for (const [index, parameter] of store.parameters.entries()) {
    store.view(store.gradients, parameter).set(golden.gradients[step - 1]![index]!);
  }
  optimizer.step(golden.learningRates[step - 1]!, step);
}

const cases = golden.cases.map((of) => ({ ...of, title: `${of.optimizer} ${JSON.stringify(of.options)}` }));

describe('ten steps on small tensors', () => {
  it.each(cases)('equal those of fairseq: $title', ({ optimizer: name, options, float64, float32 }) => {
    const store = makeStore();
    const optimizer = build(name, options, store);
    for (let step = 1; step <= golden.learningRates.length; step++) {
      takeStep(optimizer, store, step);
      const kept = golden.steps.indexOf(step);
      if (kept < 0) continue;
      for (const [index, parameter] of store.parameters.entries()) {
        const start = golden.parameters[index]!.start;
        const actual = store.view(store.values, parameter);
        actual.forEach((value, element) => {
          const expected = float64[kept]![index]![element]!;
          // The error of PyTorch's float32, or two roundings of the value plus 1e-5 of its change.
          const lost = Math.abs(float32[kept]![index]![element]! - expected);
          const way = Math.abs(expected - start[element]!);
          const bound = Math.max(2 * lost, 2 ** -22 * Math.abs(expected), 1e-5 * way, 1e-12);
          const what = `step ${step}, ${parameter.name}[${element}]: ${value} for ${expected}`;
          expect(Math.abs(value - expected), what).toBeLessThanOrEqual(bound);
        });
      }
    }
  });

  it.each(cases)('continue from a saved state without a difference: $title', ({ optimizer: name, options }) => {
    const [whole, before, after] = [makeStore(), makeStore(), makeStore()];
    const uninterrupted = build(name, options, whole);
    for (let step = 1; step <= 6; step++) takeStep(uninterrupted, whole, step);
    const first = build(name, options, before);
    for (let step = 1; step <= 3; step++) takeStep(first, before, step);
    after.values.set(before.values);
    const second = build(name, options, after);
    expect(restoreOptimizer(second, after, optimizerTensors(first, before, 3), 'checkpoint_last')).toBe(3);
    for (let step = 4; step <= 6; step++) takeStep(second, after, step);
    expect(after.values).toEqual(whole.values);
  });

  it('cover every optimizer except Adam, which has its own test', () => {
    const tested = new Set(golden.cases.map(({ optimizer }) => optimizer));
    expect(optimizers.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual(['adam']);
  });
});

describe('an optimizer', () => {
  it.each(optimizers.map(({ name }) => name))('%s leaves the padding between parameters zero', (name) => {
    const store = makeStore();
    const optimizer = build(name, { weightDecay: 0.1, momentum: 0.9 }, store);
    for (let step = 1; step <= 3; step++) takeStep(optimizer, store, step);
    const padding = new Float32Array(store.values);
    for (const parameter of store.parameters) store.view(padding, parameter).fill(0);
    expect(padding.every((value) => value === 0)).toBe(true);
  });

  it.each([
    { name: 'adamax', options: { adamaxBetas: [0.9] }, message: /--adamax-betas 0.9; give two numbers/ },
    { name: 'lamb', options: { lambBetas: [0.9, 1] }, message: /--lamb-betas 0.9,1; give two numbers/ },
    { name: 'adafactor', options: { adafactorEps: [1e-3] }, message: /--adafactor-eps 0.001; give two numbers/ },
    { name: 'adafactor', options: { warmupInit: true }, message: /--warmup-init .*--relative-step/ },
  ])('$name refuses $options', ({ name, options, message }) => {
    expect(() => build(name, options, makeStore())).toThrow(UserError);
    expect(() => build(name, options, makeStore())).toThrow(message);
  });

  it('adafactor stores n + m numbers for a matrix of n rows and m columns', () => {
    const { tensors, arenas } = build('adafactor', {}, makeStore());
    const shapes = [...tensors!].map(([name, { shape }]) => [name, ...shape]);
    expect(shapes).toEqual([
      ['exp_avg_sq_row.embed.weight', 4],
      ['exp_avg_sq_col.embed.weight', 3],
      ['exp_avg_sq_row.layer.weight', 2],
      ['exp_avg_sq_col.layer.weight', 5],
      ['exp_avg_sq.layer.bias', 5],
      ['exp_avg_sq_row.conv.weight', 2, 3],
      ['exp_avg_sq_col.conv.weight', 2, 4],
    ]);
    expect(arenas).toEqual({});
  });

  it('adafactor with --scale-parameter scales the rate of each parameter by that parameter only', () => {
    const step = (names: readonly string[]): Float32Array => {
      const store = new ParameterStore();
      for (const name of names) store.parameter(name, [2, 2], (values) => values.fill(name === 'small' ? 1e-2 : 3));
      store.build(() => 0);
      store.gradients.fill(1);
      build('adafactor', { scaleParameter: true }, store).step(0.1, 1);
      return store.view(store.values, store.parameters.at(-1)!);
    };
    expect(step(['small', 'large'])).toEqual(step(['large']));
    expect(step(['large'])[0]).toBeCloseTo(3 - 0.1 * 3, 6);
  });

  it('refuses the state of another optimizer', () => {
    const store = makeStore();
    const tensors = optimizerTensors(build('adam', {}, store), store, 1);
    const restore = (): unknown => restoreOptimizer(build('adafactor', {}, store), store, tensors, 'checkpoint_last');
    expect(restore).toThrow(/no matching exp_avg_sq_row.embed.weight; use the --optimizer/);
  });
});
