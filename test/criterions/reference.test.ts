import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devices } from '../../src/devices/index.js';
import { parseOptionValue } from '../../src/options/parse.js';
import { flagOf, type OptionSchema } from '../../src/options/schema.js';
import { EVALUATION, type TranslationModel } from '../../src/plugins/model.js';
import type { TranslationBatch } from '../../src/tasks/collate.js';
import { batchLoss } from '../../src/training/batch-loss.js';
import { buildCriterion, criterionRegistry } from '../helpers/criterion.js';
import { goldenModelValues, referenceModel, referenceTask, wholeSplit } from '../helpers/reference-model.js';

/** One run of fairseq with trained.pt on a whole split: its arguments and results. */
interface Run {
  args: string[];
  loss_sum_nats: number;
  nll_sum_nats?: number;
  sample_size?: number;
  grad_norm_of_sum?: number;
  grad_norm_by_parameter?: Record<string, number>;
  gradient?: Record<string, { norm: number; index: number[]; value: number[] }>;
}

const { criterions } = goldenModelValues<{ criterions: Record<string, Run> }>('criterions');
const { cases: gradients } = goldenModelValues<{ cases: Record<string, Run> }>('gradients');

/** The epoch of the runs with a schedule. */
const EPOCH = 3;

let model: TranslationModel;
const batches: Record<string, TranslationBatch> = {};

beforeAll(async () => {
  await devices.get('cpu').open({ threads: 1 });
  const task = referenceTask();
  model = referenceModel(task, 'trained');
  for (const split of ['train', 'valid']) batches[split] = wholeSplit(task, split);
});
afterAll(() => model.dispose());

/** The value of each option in a list of arguments, each of which has one. */
function optionsOf(schema: OptionSchema, args: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, spec]) => {
      const at = args.indexOf(flagOf(key, spec));
      return at < 0 ? [] : [[key, parseOptionValue(args[at]!, spec, args[at + 1]!)]];
    }),
  );
}

/** The summed loss and its gradients, one Float32Array per parameter of fairseq's model. */
function evaluate(args: readonly string[], batch: TranslationBatch) {
  const name = args[args.indexOf('--criterion') + 1]!;
  const criterion = buildCriterion(name, optionsOf(criterionRegistry.get(name).options, args));
  const at = args.indexOf('--ignore-prefix-size');
  const ignorePrefixSize = at < 0 ? 0 : Number(args[at + 1]);
  const { trainable } = model.parameters;
  let nll = Number.NaN;
  const { value, grads } = tf.engine().gradients(
    () => {
      const output = batchLoss(model, criterion, batch, { mode: EVALUATION, epoch: EPOCH, ignorePrefixSize });
      nll = output.nll.dataSync()[0]!;
      return output.loss;
    },
    trainable.map(({ tensor }) => tensor),
  );
  const gradient = new Map<string, Float32Array>();
  trainable.forEach((parameter, index) => {
    const values = grads[index]!.dataSync() as Float32Array;
    for (const { name, offset, size } of parameter.parts) {
      gradient.set(name, values.subarray(offset - parameter.offset, offset - parameter.offset + size));
    }
  });
  const loss = value.dataSync()[0]!;
  tf.dispose([value, grads]);
  return { loss, nll, gradient };
}

const norm = (values: Iterable<number>): number => Math.sqrt([...values].reduce((sum, value) => sum + value ** 2, 0));

describe('the criterions with fairseq’s trained model', () => {
  it.each(Object.entries(criterions))('have the same loss and gradient norms on the valid split: %s', (_, expected) => {
    const { loss, nll, gradient } = evaluate(expected.args, batches.valid!);
    expect(Math.abs(loss / expected.loss_sum_nats - 1)).toBeLessThan(1e-5);
    expect(Math.abs(nll / expected.nll_sum_nats! - 1)).toBeLessThan(1e-5);
    const sampleSize = expected.args.includes('--sentence-avg') ? batches.valid!.batchSize : batches.valid!.ntokens;
    expect(sampleSize).toBe(expected.sample_size);
    const whole = norm([...gradient.values()].map((values) => norm(values)));
    expect(Math.abs(whole / expected.grad_norm_of_sum! - 1)).toBeLessThan(1e-4);
    for (const [name, value] of Object.entries(expected.grad_norm_by_parameter ?? {})) {
      expect(Math.abs(norm(gradient.get(name)!) - value), name).toBeLessThan(1e-4 * value + 1e-7 * whole);
    }
  });

  it.each(Object.entries(gradients))('have the same gradient of every parameter: %s', (name, expected) => {
    const { loss, gradient } = evaluate(expected.args, batches[name.split(':')[0]!]!);
    expect(Math.abs(loss / expected.loss_sum_nats - 1)).toBeLessThan(1e-5);
    const whole = norm(Object.values(expected.gradient!).map((entry) => entry.norm));
    expect([...gradient.keys()].sort()).toEqual(Object.keys(expected.gradient!).sort());
    for (const [parameter, { index, value }] of Object.entries(expected.gradient!)) {
      const actual = gradient.get(parameter)!;
      const difference = norm(index.map((position, entry) => actual[position]! - value[entry]!));
      expect(difference, parameter).toBeLessThanOrEqual(1e-4 * norm(value) + 1e-7 * whole);
    }
  });
});
