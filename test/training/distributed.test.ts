import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { localWorlds } from 'mpi-native/local';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { Workers } from '../../src/distributed/workers.js';
import { openedDevice } from '../../src/ops/opened-device.js';
import { lamb } from '../../src/optim/lamb.js';
import { nag } from '../../src/optim/nag.js';
import { tensorArenaDevice } from '../../src/optim/tensor-arenas.js';
import type { OptionValues } from '../../src/options/schema.js';
import type { StatsEvent } from '../../src/training/events.js';
import type { TrainRequest } from '../../src/training/request.js';
import { train } from '../../src/training/train.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { toyCriterion } from '../helpers/toy-plugins.js';
import { bytesOf, compareCheckpoints, recordLog } from './observe.js';
import { makeToyData } from './toy-data.js';
import { toyRequest } from './toy-request.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const recorded = recordLog();

/** Trains with several ranks in this process. @returns rank 0's error, or null */
async function trainTogether(
  ranks: number,
  values: OptionValues,
  rest: (workers: Workers) => Partial<TrainRequest> = () => ({}),
): Promise<unknown> {
  const [first, ...others] = localWorlds(ranks).map(async (world) => {
    const workers = new Workers(world);
    const request = toyRequest(data, values);
    const own = rest(workers);
    await train({ ...request, workers, ...own, options: { ...request.options, ...own.options } });
  });
  const failed = first!.then(
    () => null,
    (error: unknown) => error,
  );
  const error = await failed;
  if (error === null) await Promise.all(others); // after an error the others wait for ever
  return error;
}

const withoutClocks = ({ stats, ...rest }: StatsEvent) => ({
  ...rest,
  stats: stats.filter(([name]) => !['wps', 'ups', 'wall', 'train_wall'].includes(name)),
});

/** The metrics in the log, once each: the ranks of one process log the same. */
const metrics = (): string[] => [
  ...new Set(
    ['train_inner', 'train', 'valid'].flatMap((kind) =>
      recorded.stats(kind).map((event) => JSON.stringify(withoutClocks(event))),
    ),
  ),
];

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('N ranks with --update-freq k', () => {
  it.each([
    { ranks: 2, updateFreq: 2 },
    { ranks: 3, updateFreq: 1 },
    { ranks: 4, updateFreq: 2 }, // the last group of the epoch leaves ranks without a batch
  ])(
    '$ranks with $updateFreq train as one rank with N·k: weights, moments, average and log',
    async ({ ranks, updateFreq }) => {
      const saveDirs = ['one', 'several'].map((name) => join(folder, `${name}-${ranks}`));
      const options = { maxEpoch: 2, storeEma: true, dropout: 0.3 };
      await train(toyRequest(data, { ...options, saveDir: saveDirs[0]!, updateFreq: [ranks * updateFreq] }));
      const expected = metrics();
      recorded.events.length = 0;
      await trainTogether(ranks, { ...options, saveDir: saveDirs[1]!, updateFreq: [updateFreq] });
      expect(metrics()).toEqual(expected);
      const [one, several] = saveDirs.map((saveDir) => join(saveDir, 'checkpoint_last'));
      const { names, difference } = compareCheckpoints(one!, several!);
      expect(names).toBe(true);
      expect(difference).toBeLessThan(1e-6);
      const { training } = loadMetadata(several!);
      expect(training).toMatchObject({ ...loadMetadata(one!).training, meters: expect.anything() });
    },
  );

  it('train with the gradients in the memory of a device as on the host', async () => {
    const saveDirs = ['host', 'device'].map((name) => join(folder, `arenas-${name}`));
    const options = { maxEpoch: 2, updateFreq: [2], clipNorm: 0.1, storeEma: true };
    await trainTogether(3, { ...options, saveDir: saveDirs[0]! });
    await trainTogether(3, { ...options, saveDir: saveDirs[1]! }, () => {
      const device = tensorArenaDevice('cpu');
      return { device, kernels: device.arenaKernels };
    });
    openedDevice('cpu');
    const [host, device] = saveDirs.map((saveDir) => join(saveDir, 'checkpoint_last'));
    expect(compareCheckpoints(host!, device!).difference).toBeLessThan(1e-6);
  });

  it('write the same bytes again, and others with another number of ranks', async () => {
    const saveDirs = ['a', 'b', 'c'].map((name) => join(folder, `again-${name}`));
    for (const [index, saveDir] of saveDirs.entries()) {
      await trainTogether(index === 2 ? 3 : 2, { saveDir, maxEpoch: 2, updateFreq: [2] });
    }
    const [a, b, c] = saveDirs.map((saveDir) => bytesOf(saveDir, 'checkpoint_last'));
    expect(a!.equals(b!)).toBe(true);
    expect(a!.equals(c!)).toBe(false);
  });

  it('use the seed of a micro-batch’s index among all ranks for dropout', async () => {
    const saveDirs = [0, 0.3].map((dropout) => join(folder, `dropout-${dropout}`));
    for (const [index, saveDir] of saveDirs.entries()) {
      await trainTogether(2, { saveDir, maxUpdate: 3, dropout: index === 0 ? 0 : 0.3 });
    }
    const { difference } = compareCheckpoints(
      join(saveDirs[0]!, 'checkpoint_last'),
      join(saveDirs[1]!, 'checkpoint_last'),
    );
    expect(difference).toBeGreaterThan(1e-3);
  });
});

describe('a resumed run of several ranks', () => {
  it.each(['none', 'os'])('continues exactly with --zero-sharding %s', async (zeroSharding) => {
    const [whole, resumed] = ['whole', 'resumed'].map((name) => join(folder, `${name}-${zeroSharding}`));
    const options = { updateFreq: [2], zeroSharding, dropout: 0.3 };
    await trainTogether(3, { ...options, maxEpoch: 2, saveDir: whole! });
    const controller = new AbortController();
    await trainTogether(3, { ...options, maxEpoch: 2, saveDir: resumed! }, ({ rank }) => {
      if (rank !== 2) return {};
      controller.abort(); // only one rank gets the signal
      return { signal: controller.signal };
    });
    expect(loadMetadata(join(resumed!, 'checkpoint_last')).training!.updates).toBe(1);
    await trainTogether(3, { ...options, maxEpoch: 2, saveDir: resumed! });
    expect(bytesOf(resumed!, 'checkpoint_last').equals(bytesOf(whole!, 'checkpoint_last'))).toBe(true);
  });

  it('keeps the position in the epoch with another number of ranks', async () => {
    const saveDir = join(folder, 'other-number');
    await trainTogether(3, { saveDir, maxUpdate: 1, updateFreq: [2] });
    const iterator = (): unknown => loadMetadata(join(saveDir, 'checkpoint_last')).training!.iterator;
    expect(iterator()).toMatchObject({ iterationsInEpoch: 6 });
    await trainTogether(2, { saveDir, maxUpdate: 2, updateFreq: [1] });
    expect(iterator()).toMatchObject({ iterationsInEpoch: 8 });
  });
});

describe('--zero-sharding os', () => {
  it.each([undefined, nag])('changes no bit', async (optimizer) => {
    const saveDirs = ['none', 'os'].map((name) => join(folder, `sharding-${name}-${optimizer?.name}`));
    for (const [index, saveDir] of saveDirs.entries()) {
      const values = { saveDir, maxEpoch: 2, zeroSharding: index === 0 ? 'none' : 'os', storeEma: true };
      const { plugins } = toyRequest(data, values);
      await trainTogether(3, values, () => (optimizer === undefined ? {} : { plugins: { ...plugins, optimizer } }));
    }
    const [none, os] = saveDirs.map((saveDir) => bytesOf(saveDir, 'checkpoint_last'));
    expect(os!.equals(none!)).toBe(true);
  });

  it('is refused for an optimizer that needs whole parameters', async () => {
    const values = { saveDir: join(folder, 'lamb'), maxUpdate: 1, zeroSharding: 'os' };
    const { plugins } = toyRequest(data, values);
    const error = await trainTogether(2, values, () => ({ plugins: { ...plugins, optimizer: lamb } }));
    expect(String(error)).toMatch(/--zero-sharding os does not work with --optimizer lamb/);
  });
});

describe('ranks that fail', () => {
  it('a loss that is not finite on one rank ends all, and its sentences are named', async () => {
    const values = { saveDir: join(folder, 'not-finite'), maxEpoch: 1, updateFreq: [1] };
    const { plugins } = toyRequest(data, values);
    const criterion = {
      ...toyCriterion,
      build: (options: never) => {
        const built = toyCriterion.build(options);
        return {
          ...built,
          forward(input: Parameters<typeof built.forward>[0]) {
            const output = built.forward(input);
            return { ...output, loss: tf.mul(output.loss, Number.NaN) as tf.Scalar };
          },
        };
      },
    } as typeof toyCriterion;
    const error = await trainTogether(3, values, ({ rank }) =>
      rank === 1 ? { plugins: { ...plugins, criterion } } : {},
    );
    expect(String(error)).toMatch(
      /the loss is NaN in update 1 \(epoch 1\), training sentences [\d, ]+ \(counted from 0\)/,
    );
  });

  it('data of one rank that differ are named before the first update', async () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    const otherData = await makeToyData(other, ' a b');
    const error = await trainTogether(3, { saveDir: join(folder, 'data'), maxUpdate: 1 }, ({ rank }) =>
      rank === 2 ? { data: otherData } : {},
    );
    expect(String(error)).toMatch(/the .* of rank 2 of 3 \(localhost\) differs from that of the other ranks/);
    expect(recorded.stats('train')).toEqual([]);
  });
});
