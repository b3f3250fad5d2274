import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openedDevice } from '../../src/ops/opened-device.js';
import { adam } from '../../src/optim/adam.js';
import { ParameterStore } from '../../src/optim/parameter-store.js';
import { sgd } from '../../src/optim/sgd.js';
import { tensorArenaDevice } from '../../src/optim/tensor-arenas.js';
import { storeWeights } from '../../src/optim/weights.js';
import type { OptionValues } from '../../src/options/schema.js';
import { train } from '../../src/training/train.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { bytesOf, compareCheckpoints, recordLog } from './observe.js';
import { makeToyData } from './toy-data.js';
import { toyRequest } from './toy-request.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const recorded = recordLog();

beforeAll(() => tf.setBackend('cpu'));

/** Adam whose first moment the host halves before each step, as an optimizer may that does not know of devices. */
const decayingAdam = {
  ...adam,
  build(...parts: Parameters<typeof adam.build>) {
    const { usesKernelsOnly: _, ...built } = adam.build(...parts);
    return {
      ...built,
      step(learningRate: number, step: number) {
        const moment = built.arenas.exp_avg!;
        for (let index = 0; index < moment.length; index++) moment[index]! *= 0.5;
        built.step(learningRate, step);
      },
    };
  },
};

/** Trains on the host's arrays, as `cpu` does. */
async function trainOnHost(name: string, values: OptionValues = {}, optimizer = {}): Promise<string> {
  openedDevice('cpu');
  const saveDir = join(folder, name);
  const request = toyRequest(data, { maxEpoch: 2, ...values, saveDir });
  await train({ ...request, plugins: { ...request.plugins, ...optimizer } });
  return saveDir;
}

/** Trains with weights, gradients and moments in tensors. */
async function trainOnDevice(name: string, values: OptionValues = {}, optimizer = {}): Promise<string> {
  const { arenaKernels } = tensorArenaDevice('cpu');
  const saveDir = join(folder, name);
  const request = toyRequest(data, { maxEpoch: 2, ...values, saveDir }, { kernels: arenaKernels });
  try {
    await train({ ...request, plugins: { ...request.plugins, ...optimizer } });
  } finally {
    openedDevice('cpu');
  }
  return saveDir;
}

const compare = (a: string, b: string) => compareCheckpoints(join(a, 'checkpoint_last'), join(b, 'checkpoint_last'));

describe('training with arenas in the memory of the device', () => {
  it.each<[string, OptionValues, object]>([
    ['Adam', {}, {}],
    ['several micro-batches per update', { updateFreq: [3] }, {}],
    ['clipping', { clipNorm: 0.01 }, {}],
    ['a moving average', { storeEma: true, emaDecay: 0.9 }, {}],
    ['an optimizer that runs on the host', { lr: [0.1], momentum: 0.9 }, { optimizer: sgd }],
    ['an optimizer that runs on the host and calls a kernel', { lr: [0.01] }, { optimizer: decayingAdam }],
  ])('with %s ends like training on arrays', async (name, values, optimizer) => {
    const host = await trainOnHost(`host ${name}`, values, optimizer);
    const device = await trainOnDevice(`device ${name}`, values, optimizer);
    const { names, difference } = compare(host, device);
    expect(names).toBe(true);
    expect(difference).toBeLessThan(1e-4);
    const start = await trainOnHost(`start ${name}`, { ...values, maxUpdate: 1, lr: [1e-9] }, optimizer);
    expect(compare(host, start).difference).toBeGreaterThan(0.01);
  });

  it('shows weights that the host loads after an update', async () => {
    const { arenaKernels, arenas } = tensorArenaDevice('cpu');
    const store = new ParameterStore();
    const weight = store.parameter('weight', [2], (values) => values.set([1, 2]));
    store.build(() => 0);
    arenaKernels.scale(store.values, 10);
    store.valuesChanged();
    expect([...weight.tensor.dataSync()]).toEqual([10, 20]);
    expect(() => storeWeights(store)).toThrow('an arena is read before it is copied to the host');
    await store.toHost([store.values]);
    store.values.set([3, 4]);
    store.valuesChanged();
    arenaKernels.scale(store.values, 2);
    store.valuesChanged();
    expect([...weight.tensor.dataSync()]).toEqual([6, 8]);
    store.dispose();
    expect(arenas!.isNewer(store.values)).toBe(false);
    openedDevice('cpu');
  });

  it('ends bit for bit like training that was not interrupted', async () => {
    const whole = await trainOnDevice('whole', { storeEma: true });
    await trainOnDevice('interrupted', { storeEma: true, maxUpdate: 7 });
    const resumed = await trainOnDevice('interrupted', { storeEma: true });
    expect(bytesOf(resumed, 'checkpoint_last').equals(bytesOf(whole, 'checkpoint_last'))).toBe(true);
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await trainOnDevice('leak', { storeEma: true });
    await trainOnDevice('leak on the host', { lr: [0.1] }, { optimizer: sgd });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('warns once about an optimizer that runs on the host, and says nothing about Adam', async () => {
    const warnings = (): string[] => recorded.messages().filter((message) => message.includes('runs on the host'));
    const before = warnings().length;
    await trainOnDevice('quiet', { maxUpdate: 2 });
    expect(warnings().length).toBe(before);
    await trainOnDevice('warned', { maxUpdate: 2, lr: [0.1] }, { optimizer: sgd });
    expect(warnings().slice(before)).toEqual([
      "the optimizer 'sgd' runs on the host: weights and gradients are copied for every update",
    ]);
  });
});
