import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devices } from '../../src/devices/index.js';
import { logitScores } from '../../src/ops/row-scores.js';
import type { CriterionOutput } from '../../src/plugins/criterion.js';
import { EVALUATION, type Mode, type TranslationModel } from '../../src/plugins/model.js';
import type { TranslationBatch } from '../../src/tasks/collate.js';
import { batchLoss } from '../../src/training/batch-loss.js';
import { buildCriterion } from '../helpers/criterion.js';
import { buildTransformer, REFERENCE_OPTIONS, referenceTask, wholeSplit } from '../helpers/reference-model.js';

const NAME = 'label_smoothed_cross_entropy_with_rdrop';
const ALPHA = 3;
const EPSILON = 0.1;
/** A key that gives the same masks in every call. */
const DROPOUT: Mode = { dropout: { seed: 7, update: 11, microBatch: 2 } };

let model: TranslationModel;
let batch: TranslationBatch;

beforeAll(async () => {
  await devices.get('cpu').open({ threads: 1 });
  const task = referenceTask();
  model = buildTransformer(task, { ...REFERENCE_OPTIONS, dropout: 0.3, attentionDropout: 0.1 });
  batch = wholeSplit(task, 'valid');
});
afterAll(() => model.dispose());

const options = { mode: DROPOUT, epoch: 1, ignorePrefixSize: 0 };

function rdrop(rdropAlpha: number, mode = DROPOUT, ignorePrefixSize = 0): CriterionOutput {
  const criterion = buildCriterion(NAME, { rdropAlpha, labelSmoothing: EPSILON, reportAccuracy: true });
  return batchLoss(model, criterion, batch, { ...options, mode, ignorePrefixSize });
}

const read = (scalar: tf.Scalar): number => scalar.dataSync()[0]!;

/** fairseq's formulas with tfjs operations: the model runs on the batch and its copy. */
function composite(): tf.Scalar {
  const { batchSize, sourceLength, targetLength, sourceTokens, prevOutputTokens, rowIndex, rowTargets } = batch;
  const twice = (ids: Int32Array, time: number) => ({ ids: Int32Array.of(...ids, ...ids), batch: 2 * batchSize, time });
  const encoded = model.encode(twice(sourceTokens, sourceLength), DROPOUT);
  const decoded = model.decode(twice(prevOutputTokens, targetLength), encoded, DROPOUT);
  const { features, weights } = model.classifier(decoded.features);
  const logits = tf.matMul(features, weights, false, true);
  const shifted = tf.sub(logits, tf.max(logits, 1, true));
  const logProbs = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
  const classes = weights.shape[0];
  const half = (pass: number): tf.Tensor2D => {
    const rows = rowIndex.length;
    return tf.slice(logProbs, [pass * rows, 0], [rows, -1]) as tf.Tensor2D;
  };
  const [p, q] = [half(0), half(1)];
  const isTarget = tf.cast(tf.oneHot(rowTargets, classes), 'float32');
  const ofEach = EPSILON / (classes - 1);
  const smoothed = [p, q].map((of) =>
    tf.add(tf.mul(tf.sum(tf.mul(of, isTarget)), 1 - EPSILON - ofEach), tf.mul(tf.sum(of), ofEach)),
  );
  const divergence = tf.add(
    tf.sum(tf.mul(tf.exp(q), tf.sub(q, p))), // kl_div(p, q) of PyTorch: q · (log q − log p)
    tf.sum(tf.mul(tf.exp(p), tf.sub(p, q))),
  );
  return tf.add(tf.neg(tf.add(smoothed[0]!, smoothed[1]!)), tf.mul(divergence, ALPHA / 2));
}

/** The loss and its gradients by all parameters, concatenated. */
function differentiate(loss: () => tf.Scalar): { value: number; gradient: number[] } {
  const { trainable } = model.parameters;
  const { value, grads } = tf.engine().gradients(
    loss,
    trainable.map(({ tensor }) => tensor),
  );
  const gradient = grads.flatMap((grad) => [...grad.dataSync()]);
  const differentiated = { value: read(value as tf.Scalar), gradient };
  tf.dispose([value, grads]);
  return differentiated;
}

const norm = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** The results of fairseq's criterion for a table of logits: see test/golden/criterions/README.md. */
const golden = JSON.parse(readFileSync(new URL('../golden/criterions/rdrop.json', import.meta.url), 'utf8')) as {
  logits: number[][]; // both passes
  targets: number[];
  cases: {
    alpha: number;
    labelSmoothing: number;
    loss: number;
    nllOfBoth: number;
    divergence: number;
    gradient: number[][];
  }[];
};

describe('R-Drop', () => {
  it.each(golden.cases)('equals fairseq’s, including the gradient: α $alpha, ε $labelSmoothing', (expected) => {
    const { alpha: rdropAlpha, labelSmoothing } = expected;
    const criterion = buildCriterion(NAME, { rdropAlpha, labelSmoothing });
    const targets = tf.tensor1d([...golden.targets, ...golden.targets], 'int32');
    const metrics = { nll: 0, divergence: 0 };
    const { grad, value } = tf.valueAndGrad((logits) => {
      const scores = logitScores(logits as tf.Tensor2D, targets);
      const output = criterion.forward({ scores, targets, counts: null, epoch: 1, passes: 2 });
      metrics.nll = read(output.nll);
      metrics.divergence = read(output.metrics!.rdrop_kl_loss!.sum);
      return output.loss;
    })(tf.tensor2d(golden.logits));
    expect(Math.abs(read(value as tf.Scalar) / expected.loss - 1)).toBeLessThan(1e-6);
    expect(Math.abs(metrics.divergence / expected.divergence - 1)).toBeLessThan(1e-6);
    expect(Math.abs((2 * metrics.nll) / expected.nllOfBoth - 1)).toBeLessThan(1e-6);
    const gradient = expected.gradient.flat();
    const differences = [...grad.dataSync()].map((actual, index) => actual - gradient[index]!);
    expect(norm(differences)).toBeLessThan(1e-6 * norm(gradient));
  });

  it('with fixed masks equals its formulas in tfjs operations, including the gradient', () => {
    const ours = differentiate(() => rdrop(ALPHA).loss);
    const plain = differentiate(composite);
    expect(Math.abs(ours.value / plain.value - 1)).toBeLessThan(1e-5);
    const difference = ours.gradient.map((value, index) => value - plain.gradient[index]!);
    expect(norm(difference)).toBeLessThan(1e-4 * norm(plain.gradient));
  });

  it('agrees with finite differences along its gradient and along the gradient of the divergence', () => {
    const store = model.parameters;
    const whole = differentiate(() => rdrop(ALPHA).loss).gradient;
    const divergence = differentiate(() => rdrop(1).metrics!.rdrop_kl_loss!.sum).gradient;
    const values = Float32Array.from(store.values);
    for (const direction of [whole, divergence]) {
      const length = norm(direction);
      const moved = (by: number): number => {
        let at = 0;
        for (const parameter of store.trainable) {
          const view = store.view(store.values, parameter);
          for (let index = 0; index < view.length; index++) view[index]! += (by * direction[at++]!) / length;
        }
        store.valuesChanged();
        const { loss } = tf.tidy(() => ({ loss: rdrop(ALPHA).loss }));
        store.values.set(values);
        return read(loss);
      };
      const h = 3e-3;
      const slope = (moved(h) - moved(-h)) / (2 * h);
      const expected = whole.reduce((sum, value, index) => sum + (value * direction[index]!) / length, 0);
      expect(Math.abs(slope / expected - 1)).toBeLessThan(0.02);
    }
    store.valuesChanged();
  });

  it('uses other masks in the second pass, so that the divergence is not zero', () => {
    const { metrics, loss } = rdrop(ALPHA);
    const divergence = read(metrics!.rdrop_kl_loss!.sum);
    expect(divergence).toBeGreaterThan(0.01 * batch.ntokens);
    const without = read(rdrop(1e-9).loss);
    expect(read(loss)).toBeCloseTo(without + ALPHA * divergence, 1);
  });

  it('reports the nll of one pass and the counts of both', () => {
    const plain = buildCriterion('label_smoothed_cross_entropy', { labelSmoothing: EPSILON });
    const { nll, metrics } = rdrop(ALPHA);
    const ofOnePass = read(batchLoss(model, plain, batch, options).nll);
    expect(Math.abs(read(nll) / ofOnePass - 1)).toBeLessThan(0.05);
    expect(read(metrics!.total!.sum)).toBe(2 * batch.ntokens);
  });

  it('runs one pass in evaluation and counts it twice', () => {
    const plain = buildCriterion('label_smoothed_cross_entropy', { labelSmoothing: EPSILON });
    const once = batchLoss(model, plain, batch, { ...options, mode: EVALUATION });
    const { loss, nll, metrics } = rdrop(ALPHA, EVALUATION);
    expect(read(loss)).toBeCloseTo(2 * read(once.loss), 1);
    expect(read(nll)).toBe(read(once.nll));
    expect(Object.keys(metrics!)).toEqual(['total', 'n_correct']);
    expect(read(metrics!.total!.sum)).toBe(batch.ntokens);
  });

  it('is label-smoothed cross entropy with --rdrop-alpha 0', () => {
    const plain = buildCriterion('label_smoothed_cross_entropy', { labelSmoothing: EPSILON });
    expect(read(rdrop(0).loss)).toBe(read(batchLoss(model, plain, batch, options).loss));
  });

  it('excludes the prefix of --ignore-prefix-size from both passes', () => {
    const kept = batch.rowIndex.filter((position) => position % batch.targetLength >= 2).length;
    expect(read(rdrop(ALPHA, DROPOUT, 2).metrics!.total!.sum)).toBe(2 * kept);
  });
});
