import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildCriterion } from '../helpers/criterion.js';
import { evaluateRow, expectAsClose, type RowValue } from '../helpers/golden-rows.js';
import { goldenModelValues } from '../helpers/reference-model.js';

interface GoldenRows {
  rows: { name: string; logits: number[]; target: number }[];
  criterions: { name: string; options: Record<string, unknown>; float64: RowValue[]; float32?: RowValue[] }[];
}

const PADDING = 1;
const { rows, criterions } = goldenModelValues<GoldenRows>('rows');

beforeAll(() => tf.setBackend('cpu'));

function probability(logits: readonly number[], target: number): number {
  const exponentials = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  return exponentials[target]! / exponentials.reduce((sum, value) => sum + value, 0);
}

/** The paper's options as options of each criterion that can express them. */
function variants({ name, options }: GoldenRows['criterions'][number]): [string, Record<string, unknown>][] {
  if (name === 'cross_entropy') return [['cross_entropy', {}]];
  if (name.startsWith('focal')) {
    const { gamma: focalGamma, phi } = options;
    return [phi === null ? ['focal', { focalGamma }] : ['halted_focal', { focalGamma, focalPhi: phi }]];
  }
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

const cases = criterions.flatMap((golden) =>
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
      const float32 = golden.float32?.[index] ?? expected;
      if (target === PADDING) {
        expect(criterion.paddingRows, 'the task drops the row').toBe('drop');
        expect(expected.loss).toBe(0);
        return;
      }
      const actual = evaluateRow(criterion, logits, target, (golden.options.epoch as number | undefined) ?? 1);
      expectAsClose(actual.loss, expected.loss, float32.loss, `loss of ${row}`, -Math.log(probability(logits, target)));
      actual.gradient.forEach((value, v) => {
        expectAsClose(value, expected.gradient[v]!, float32.gradient[v]!, `gradient ${v} of ${row}`);
      });
    });
  });
});

describe('the schedule of the encouraging loss', () => {
  // The rows of the paper's code contain no schedule with a smoothed bonus.
  it.each(['linear', 'exponential', 'cosine'])('%s scales the bonus and its smoothing alike', (bonusSchedule) => {
    const losses = (options: Record<string, unknown>): number[] => {
      const criterion = buildCriterion('encouraging', { bonusLabelSmoothing: 0.3, bonusWeight: 0.7, ...options });
      return [1, 3, 5].map((epoch) => evaluateRow(criterion, [0.5, -1, 2, 0.1, 1], 2, epoch).loss);
    };
    const [bonus, scheduled] = [losses({}), losses({ bonusSchedule, bonusScheduleEpochs: 5 })];
    const crossEntropy = evaluateRow(buildCriterion('cross_entropy', {}), [0.5, -1, 2, 0.1, 1], 2, 1).loss;
    const factors = {
      linear: [0.2, 0.6, 1],
      exponential: [Math.exp(-4), Math.exp(-2), 1],
      cosine: [0.2, 0.6, 1].map((t) => (Math.cos(Math.PI * (1 + t)) + 1) / 2),
    }[bonusSchedule]!;
    for (const [at, factor] of factors.entries()) {
      expect(scheduled[at]! - crossEntropy).toBeCloseTo(factor * (bonus[at]! - crossEntropy), 5);
    }
  });
});
