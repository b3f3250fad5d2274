import { beforeAll, describe, expect, it } from 'vitest';
import { logitScores } from '../../src/ops/row-scores.js';
import type { Criterion } from '../../src/plugins/criterion.js';
import * as tf from '../../src/tf.js';
import { buildCriterion } from '../helpers/criterion.js';
import { goldenModelValues } from '../helpers/reference-model.js';

interface RowValue {
  loss: number;
  gradient: number[];
}
interface GoldenRows {
  rows: { name: string; logits: number[]; target: number }[];
  criterions: { name: string; options: Record<string, unknown>; float64: RowValue[]; float32?: RowValue[] }[];
}

const PADDING = 1;
const { rows, criterions } = goldenModelValues<GoldenRows>('rows');
/** The focal losses are a later issue's. */
const covered = criterions.filter(({ name }) => !name.startsWith('focal'));

beforeAll(() => tf.setBackend('cpu'));

/** Loss of one row and its gradient by the logits. */
function evaluate(criterion: Criterion, logits: readonly number[], target: number, epoch: number): RowValue {
  return tf.tidy(() => {
    const targets = tf.tensor1d([target], 'int32');
    const table = tf.tensor2d([...logits], [1, logits.length]);
    const { value, grads } = tf
      .engine()
      .gradients(
        () => criterion.forward({ scores: logitScores(table, targets), targets, counts: null, epoch }).loss,
        [table],
      );
    return { loss: value.dataSync()[0]!, gradient: [...grads[0]!.dataSync()] } as unknown as tf.TensorContainerObject;
  }) as unknown as RowValue;
}

/**
 * 1e-5 of the float64 value wherever PyTorch's float32 is that close to it, else as close as PyTorch's float32. Where a
 * loss is the small difference of its terms (0 at p = 0.5), how close that is is chance: one rounding of each of the two
 * terms, `largestTerm`, is allowed.
 */
function expectAsClose(actual: number, float64: number, float32: number, what: string, largestTerm = 0): void {
  const roundings = 2 * 2 ** -23 * largestTerm;
  const bound = Math.max(1e-5 * Math.abs(float64), 1.0001 * Math.abs(float32 - float64), roundings, 1e-37);
  expect(Math.abs(actual - float64), `${what}: ${actual} for ${float64} (float32 ${float32})`).toBeLessThanOrEqual(
    bound,
  );
}

function probability(logits: readonly number[], target: number): number {
  const exponentials = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  return exponentials[target]! / exponentials.reduce((sum, value) => sum + value, 0);
}

/** The paper's option names as those of each criterion that can express them. */
function variants({ name, options }: GoldenRows['criterions'][number]): [string, Record<string, unknown>][] {
  if (name === 'cross_entropy') return [['cross_entropy', {}]];
  if (name.startsWith('label_smoothing')) {
    const labelSmoothing = options.label_smoothing;
    return [
      ['label_smoothed_cross_entropy', { labelSmoothing, smoothingClasses: 'all' }],
      ['encouraging', { labelSmoothing, bonusWeight: 0 }],
    ];
  }
  const { label_smoothing: labelSmoothing = 0, epoch: _, ...paper } = options;
  return [
    ['encourage_loss', { labelSmoothing, ...paper }],
    ['encouraging', cleanOptions(options)],
  ];
}

function cleanOptions(paper: Record<string, unknown>): Record<string, unknown> {
  const gamma = paper.bonus_gamma as number;
  const start = paper.bonus_start as number | undefined;
  const abrupt = paper.bonus_abrupt as number | undefined;
  const kinds: Record<string, string> = { '-1': 'log', '-2': 'cosine' };
  const plain = kinds[String(gamma)] ?? 'power';
  const schedules: Record<string, string> = { linear: 'linear', exp: 'exponential', cos: 'cosine' };
  return {
    bonus: start !== undefined ? 'aggressive' : abrupt !== undefined ? 'abrupt' : plain,
    bonusExponent: gamma,
    bonusStart: start ?? 0.5,
    bonusAbrupt: abrupt ?? 0.75,
    logEnd: paper.log_end ?? 1,
    labelSmoothing: paper.label_smoothing ?? 0,
    bonusLabelSmoothing: paper.el_lb ?? 0,
    bonusWeight: paper.bonus_rho ?? 1,
    bonusScale: paper.sub_data_rho ?? 1,
    bonusSchedule: paper.el_schedule === undefined ? 'constant' : schedules[paper.el_schedule as string],
    bonusScheduleEpochs: paper.el_schedule_max_epoch ?? null,
    bonusScheduleRate: paper.el_exp_schedule_ratio ?? 5,
  };
}

const cases = covered.flatMap((golden) =>
  variants(golden).map(([criterion, options]) => ({
    title: `${criterion} as «${golden.name}»`,
    criterion,
    options,
    golden,
  })),
);

describe("row by row, the paper's loss and gradient", () => {
  it.each(cases)('$title', ({ criterion: name, options, golden }) => {
    const criterion = buildCriterion(name, options);
    rows.forEach(({ name: row, logits, target }, index) => {
      const expected = golden.float64[index]!;
      const float32 = golden.float32![index]!;
      if (target === PADDING) {
        expect(criterion.paddingRows, 'the task drops the row').toBe('drop');
        expect(expected.loss).toBe(0);
        return;
      }
      const actual = evaluate(criterion, logits, target, (golden.options.epoch as number | undefined) ?? 1);
      expectAsClose(actual.loss, expected.loss, float32.loss, `loss of ${row}`, -Math.log(probability(logits, target)));
      actual.gradient.forEach((value, v) => {
        expectAsClose(value, expected.gradient[v]!, float32.gradient[v]!, `gradient ${v} of ${row}`);
      });
    });
  });
});
