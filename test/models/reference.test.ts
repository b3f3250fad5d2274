import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import { gatherRows } from '../../src/ops/row-layout.js';
import { classifierScores } from '../../src/ops/row-scores.js';
import type { TranslationModel } from '../../src/plugins/model.js';
import { EVALUATION } from '../../src/plugins/model.js';
import type { TranslationBatch } from '../../src/tasks/collate.js';
import type { TranslationTask } from '../../src/tasks/translation.js';
import {
  batchFeatures,
  goldenModelValues,
  referenceModel,
  referenceTask,
  sourceTable,
  wholeSplit,
} from '../helpers/reference-model.js';

interface Forward {
  encoder_out_sentence0_last_position: number[];
  decoder_logits_sentence0_position0: number[];
  target_log_probs_sentence0: number[];
  target_sentence0: number[];
  src_tokens_sentence0: number[];
}
interface Padded {
  src_tokens: number[];
  prev_output_tokens: number[];
  logits_first_3_positions: number[][];
}
interface GradientCase {
  args: string[];
  loss_sum_nats: number;
  gradient: Record<string, { norm: number; index: number[]; value: number[] }>;
}

let task: TranslationTask;
let model: TranslationModel;
let batch: TranslationBatch;

beforeAll(async () => {
  await openDevice('wasm', { threads: null });
  task = referenceTask();
  model = referenceModel(task, 'trained');
  batch = wholeSplit(task, 'valid');
});
afterAll(() => model.dispose());

/** The largest |actual − expected|, relative to the scale of the expected values. */
function relativeDifference(actual: ArrayLike<number>, expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, index) => Math.abs(actual[index]! - value))) / scale;
}

describe("the model with fairseq's weights", () => {
  const forward = goldenModelValues<Forward>('forward');

  it("has fairseq's encoder output, logits and log-probabilities", () => {
    const row = Array.from({ length: batch.batchSize }, (_, index) => index).find((index) =>
      forward.src_tokens_sentence0.every(
        (token, position) => batch.sourceTokens[index * batch.sourceLength + position] === token,
      ),
    )!;
    const values = tf.tidy(() => {
      const encoded = model.encode(sourceTable(batch), EVALUATION);
      const features = batchFeatures(model, batch);
      const sentence = tf.reshape(tf.slice(features, [row, 0, 0], [1, -1, -1]), [batch.targetLength, 64]);
      const { weights } = model.classifier(sentence as tf.Tensor2D);
      const logits = tf.matMul(sentence as tf.Tensor2D, weights, false, true);
      return {
        encoder: tf.slice(encoded.features, [encoded.layout.starts[row + 1]! - 1, 0], [1, 64]).dataSync(),
        logits: tf.slice(logits, [0, 0], [1, -1]).dataSync(),
        logProbs: tf.logSoftmax(logits).arraySync() as number[][],
      };
    });
    expect(relativeDifference(values.encoder, forward.encoder_out_sentence0_last_position)).toBeLessThan(1e-5);
    expect(relativeDifference(values.logits, forward.decoder_logits_sentence0_position0)).toBeLessThan(1e-5);
    const targetLogProbs = forward.target_sentence0.map((token, position) => values.logProbs[position]![token]!);
    expect(relativeDifference(targetLogProbs, forward.target_log_probs_sentence0)).toBeLessThan(1e-5);
  });

  it('has logits that do not depend on the padding before a sentence', () => {
    const golden = goldenModelValues<Padded>('forward-padded');
    const logitsOf = (sourceTokens: number[]): Float32Array =>
      tf
        .tidy(() => {
          const table = (ids: number[]) => ({ ids: Int32Array.from(ids), batch: 1, time: ids.length });
          const encoded = model.encode(table(sourceTokens), EVALUATION);
          const { features } = model.decode(table(golden.prev_output_tokens), encoded, EVALUATION);
          const first = tf.slice(features, [0, 0], [3, -1]);
          return tf.matMul(first, model.classifier(first).weights, false, true);
        })
        .dataSync() as Float32Array;
    const expected = golden.logits_first_3_positions.flat();
    expect(relativeDifference(logitsOf(golden.src_tokens), expected)).toBeLessThan(1e-5);
    expect(relativeDifference(logitsOf(golden.src_tokens.filter((token) => token !== 1)), expected)).toBeLessThan(1e-5);
  });

  it("has fairseq's gradient of every parameter", () => {
    const golden = goldenModelValues<{ cases: Record<string, GradientCase> }>('gradients').cases[
      'valid: label_smoothed_cross_entropy_0.1'
    ]!;
    const trainable = model.parameters.trainable;
    const { value, grads } = tf.engine().gradients(
      () => {
        const features = batchFeatures(model, batch);
        const rows = gatherRows(tf.reshape(features, [-1, 64]) as tf.Tensor2D, batch.rowIndex);
        const scores = classifierScores(model.classifier(rows), tf.tensor1d(batch.rowTargets, 'int32'));
        const { targetLogProb, meanLogProb } = scores.statistics();
        const perOther = 0.1 / (scores.classes - 1);
        const loss = tf.add(tf.mul(targetLogProb, 1 - 0.1 - perOther), tf.mul(meanLogProb, perOther * scores.classes));
        return tf.neg(tf.sum(loss)) as tf.Scalar;
      },
      trainable.map(({ tensor }) => tensor),
    );
    expect(value.dataSync()[0]! / golden.loss_sum_nats).toBeCloseTo(1, 5);
    const whole = Math.sqrt(Object.values(golden.gradient).reduce((sum, { norm }) => sum + norm ** 2, 0));
    const seen = new Set<string>();
    trainable.forEach((parameter, index) => {
      const gradient = grads[index]!.dataSync();
      for (const part of parameter.parts) {
        const { index: indices, value: expected } = golden.gradient[part.name]!;
        const start = part.offset - parameter.offset;
        const difference = Math.hypot(...indices.map((at, n) => gradient[start + at]! - expected[n]!));
        const bound = 1e-4 * Math.hypot(...expected) + 1e-7 * whole;
        expect(difference, part.name).toBeLessThanOrEqual(bound);
        seen.add(part.name);
      }
    });
    expect([...seen].sort()).toEqual(Object.keys(golden.gradient).sort());
    tf.dispose([value, grads]);
  });

  it('decodes the same features step by step as at once', () => {
    const differences = tf.tidy(() => {
      const encoded = model.encode(sourceTable(batch), EVALUATION);
      const atOnce = batchFeatures(model, batch);
      const state = model.startDecoding(encoded, 1, 8);
      const result = Array.from({ length: 5 }, (_, step) => {
        const tokens = Int32Array.from(
          { length: batch.batchSize },
          (_, row) => batch.prevOutputTokens[row * batch.targetLength + step]!,
        );
        const { features } = model.decodeStep(tf.tensor1d(tokens, 'int32'), state);
        const expected = tf.squeeze(tf.slice(atOnce, [0, step, 0], [-1, 1, -1]), [1]);
        return tf.max(tf.abs(tf.sub(features, expected))).dataSync()[0]!;
      });
      state.dispose();
      return result;
    });
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });
});
