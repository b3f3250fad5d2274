import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { adamStep, DeviceArena, movingAverage } from '../src/arena.js';
import type { CudaBackend } from '../src/backend.js';
import { type LateFigures, UpdateGuard } from '../src/update-guard.js';
import { uniform, useCuda } from './helpers/backends.js';

const SIZE = 1000;
const SCALING = { samples: 4, limit: 0.5, epsilon: 1e-6 };
const ADAM = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, stepSize: 0.01, decay: 0 };
const NAMES = ['values', 'gradients', 'firstMoment', 'secondMoment', 'average'] as const;
type Arenas = Readonly<Record<(typeof NAMES)[number], DeviceArena>>;

let backend: CudaBackend;
let arenas: Arenas;
let guard: UpdateGuard;

beforeAll(async () => {
  backend = await useCuda();
});
beforeEach(() => {
  tf.engine().startScope();
  arenas = Object.fromEntries(NAMES.map((name) => [name, new DeviceArena(SIZE)])) as Arenas;
  for (const [seed, arena] of Object.values(arenas).entries()) arena.write(uniform(SIZE, seed + 1));
  guard = new UpdateGuard(arenas.values);
});
afterEach(() => {
  for (const arena of Object.values(arenas)) arena.dispose();
  guard.dispose();
  tf.engine().endScope();
});

async function read(arena: DeviceArena): Promise<Float32Array> {
  const values = new Float32Array(arena.size);
  await arena.read(values);
  return values;
}

const contents = async (): Promise<Record<string, Float32Array>> => {
  const { gradients: _, ...kept } = arenas;
  const read_ = await Promise.all(
    Object.entries(kept).map(async ([name, arena]) => [name, await read(arena)] as const),
  );
  return Object.fromEntries(read_);
};

/** Starts an update with losses that the GPU computes. */
function update(losses: readonly number[], gradient: Float32Array, others: readonly tf.Scalar[] = []): LateFigures {
  const { values, gradients, firstMoment, secondMoment, average } = arenas;
  gradients.write(gradient);
  let late!: LateFigures;
  tf.tidy(() => {
    const scalars = losses.map((loss) => tf.neg(tf.scalar(-loss)) as tf.Scalar);
    late = guard.scaleGradient(gradients, { losses: scalars, others }, SCALING);
  });
  adamStep(values, gradients, firstMoment, secondMoment, ADAM, guard);
  movingAverage(average, values, 0.9, guard);
  values.scale(1, guard);
  return late;
}

const squares = (x: Float32Array): number => x.reduce((sum, value) => sum + value * value, 0);

describe('an update that the host does not wait for', () => {
  test('reports losses, other numbers of every type, and the norm before scaling', async () => {
    const gradient = uniform(SIZE, 9);
    const others = [tf.neg(tf.scalar(2)), tf.scalar(-7, 'int32'), tf.scalar(true, 'bool')] as tf.Scalar[];
    const { downloads } = backend.statistics;
    const figures = update([1.5, -3], gradient, others);
    expect(backend.statistics.downloads).toBe(downloads);
    const { squaredNorm, ...rest } = await figures.read();
    expect(rest).toEqual({ losses: [1.5, -3], others: [-2, -7, 1] });
    expect(squaredNorm).toBeCloseTo(squares(gradient), 9);
    const norm = Math.sqrt(squaredNorm) / SCALING.samples;
    const factor = Math.fround(SCALING.limit / (norm + SCALING.epsilon) / SCALING.samples);
    expect(await read(arenas.gradients)).toEqual(gradient.map((value) => value * factor));
  });

  test('arrives before the updates that were started after it', async () => {
    const first = update([1], uniform(SIZE, 1));
    const second = update([2], uniform(SIZE, 2));
    expect(first.isReady).toBe(false);
    expect((await first.read()).losses).toEqual([1]);
    expect(second.isReady).toBe(false);
    expect((await second.read()).losses).toEqual([2]);
  });

  test.each([
    { what: 'a loss that is NaN', losses: [1, Number.NaN], gradient: uniform(SIZE, 5) },
    { what: 'an infinite loss', losses: [Number.POSITIVE_INFINITY], gradient: uniform(SIZE, 5) },
    {
      what: 'a gradient that is infinite',
      losses: [1],
      gradient: uniform(SIZE, 5).fill(Number.POSITIVE_INFINITY, 700, 701),
    },
  ])('changes no arena, and neither does a later one, after $what', async ({ losses, gradient }) => {
    const before = await contents();
    const good = update([1], uniform(SIZE, 8));
    const after = await contents();
    expect(after.values).not.toEqual(before.values);
    const late = [update(losses, gradient), update([1], uniform(SIZE, 6))];
    expect(await contents()).toEqual(after);
    for (const figures of [good, ...late]) figures.discard();
  });

  test('leaves no memory in use, whether its figures are read or not', async () => {
    const { inUse } = backend.poolBytes;
    const numbers = new Set<number>();
    for (let round = 0; round < 20; round++) {
      const [read_, discarded] = [update([1], uniform(SIZE)), update([2], uniform(SIZE))];
      await read_.read();
      discarded.discard();
      const download = backend.driver.downloadLater({ address: arenas.values.address, bytes: 4 });
      backend.driver.releaseDownload({ download });
      numbers.add(download);
    }
    expect(backend.poolBytes.inUse).toBe(inUse);
    expect(Math.max(...numbers)).toBeLessThan(8); // downloads are used again
  });

  test.each([
    { what: 'text', scalar: () => tf.scalar('x'), message: 'a string tensor of 1 elements is not a number' },
    { what: 'a vector', scalar: () => tf.tensor1d([1, 2]), message: 'a float32 tensor of 2 elements' },
  ])('refuses $what as a number', ({ scalar, message }) => {
    const wrong = scalar() as unknown as tf.Scalar;
    const { inUse } = backend.poolBytes;
    expect(() => update([1], uniform(SIZE), [wrong])).toThrow(message);
    expect(backend.poolBytes.inUse).toBe(inUse);
  });

  test('has figures that are read once', async () => {
    const figures = update([1], uniform(SIZE));
    await figures.read();
    await expect(figures.read()).rejects.toThrow('are read or discarded already');
  });
});
