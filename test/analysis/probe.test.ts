import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type FeatureRows, OutputProjection } from '../../src/analysis/probe.js';
import { normal, uniformSource } from '../../src/nn/initializers.js';
import { portableArenaKernels } from '../../src/optim/arena-kernels.js';

beforeAll(() => tf.setBackend('cpu'));

const EMBED = 4;
const CLASSES = 4;

/** Rows whose class is the place of their largest feature; more than one batch of them. */
function separableRows(): FeatureRows {
  const count = 1100;
  const features = Float32Array.from({ length: count * EMBED }, (_, index) => Math.sin(index) / 4);
  const targets = Int32Array.from({ length: count }, (_, row) => row % CLASSES);
  for (const [row, target] of targets.entries()) features[row * EMBED + target] = 2;
  return { embed: EMBED, features, targets };
}

async function train(epochs: number, seed = 1): Promise<OutputProjection> {
  const projection = new OutputProjection(CLASSES, EMBED, seed);
  await projection.train(separableRows(), { epochs, learningRate: 0.1, seed }, portableArenaKernels);
  return projection;
}

/** The share of rows that the projection gets right. */
function accuracy(projection: OutputProjection): number {
  const { features, targets } = separableRows();
  return tf.tidy(() => {
    const table = tf.tensor2d(features, [targets.length, EMBED]);
    const scores = tf.matMul(table, projection.tensor, false, true);
    const correct = tf.equal(tf.argMax(scores, 1), tf.tensor1d(targets, 'int32'));
    return tf.mean(tf.cast(correct, 'float32')).dataSync()[0]!;
  });
}

describe('the probe', () => {
  it('learns classes that a linear layer can tell apart', async () => {
    const projection = await train(20);
    expect(accuracy(projection)).toBe(1);
    projection.dispose();
  });

  it('is the same for the same seed', async () => {
    const [one, same] = [await train(2), await train(2)];
    expect(await same.read()).toEqual(await one.read());
    for (const projection of [one, same]) projection.dispose();
  });

  it('has other initial weights and another order of rows for another seed', async () => {
    const [one, other] = [new OutputProjection(CLASSES, EMBED, 1), new OutputProjection(CLASSES, EMBED, 2)];
    expect(await other.read()).not.toEqual(await one.read());
    (await other.read()).set(await one.read());
    for (const [seed, projection] of [one, other].entries()) {
      const options = { epochs: 1, learningRate: 0.1, seed: 1 + seed };
      await projection.train(separableRows(), options, portableArenaKernels);
    }
    expect(await other.read()).not.toEqual(await one.read());
    for (const projection of [one, other]) projection.dispose();
  });

  it('begins with weights of deviation 1 / √embed', async () => {
    const projection = new OutputProjection(1000, 16, 1);
    const values = await projection.read();
    expect(Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)).toBeCloseTo(1 / 4, 2);
    projection.dispose();
  });

  it('does not begin with the embeddings of a model with the same seed', async () => {
    const projection = new OutputProjection(CLASSES, EMBED, 1);
    const embeddings = new Float32Array(CLASSES * EMBED);
    normal(EMBED ** -0.5)(embeddings, [CLASSES, EMBED], uniformSource(1));
    const values = await projection.read();
    expect(values.filter((value, index) => value === embeddings[index])).toHaveLength(0);
    projection.dispose();
  });

  it('goes over every row once per epoch and reports each update', async () => {
    const rows = separableRows();
    const projection = new OutputProjection(CLASSES, EMBED, 1);
    const updates: [number, number][] = [];
    const report = (done: number, total: number): void => void updates.push([done, total]);
    await projection.train(rows, { epochs: 2, learningRate: 0.1, seed: 1 }, portableArenaKernels, report);
    expect(updates).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
    ]);
    projection.dispose();
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    (await train(1)).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
