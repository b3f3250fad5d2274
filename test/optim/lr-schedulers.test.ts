import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { lrSchedulers } from '../../src/optim/index.js';
import { flagOf } from '../../src/options/schema.js';
import { selectOptions } from '../../src/options/select.js';
import type { LrScheduler, ScheduleContext } from '../../src/plugins/lr-scheduler.js';

/** Rates of fairseq's schedules, called as its trainer calls them: see test/golden/optim/README.md. */
interface Golden {
  readonly updatesPerEpoch: number;
  readonly cases: readonly {
    readonly scheduler: string;
    readonly lr: readonly number[];
    readonly options: Readonly<Record<string, unknown>>; // of the schedule and the run, by fairseq's names
    readonly values: readonly (number | null)[]; // of the validation after each epoch
    readonly rates: readonly number[]; // of each update
    readonly reached: readonly number[]; // before the first epoch and after each
  }[];
}

const golden: Golden = JSON.parse(readFileSync(new URL('../golden/optim/lr-schedulers.json', import.meta.url), 'utf8'));
const { updatesPerEpoch } = golden;

/** Builds a schedule from options with fairseq's names. */
function build(name: string, lr: readonly number[], options: Readonly<Record<string, unknown>> = {}): LrScheduler {
  const definition = lrSchedulers.find((scheduler) => scheduler.name === name)!;
  const values: Record<string, unknown> = {};
  const context: ScheduleContext = { maxUpdate: 0, maximizeBestCheckpointMetric: false };
  for (const [fairseqName, value] of Object.entries(options)) {
    const flag = `--${fairseqName.replaceAll('_', '-')}`;
    const spelled = Object.entries(definition.options).find(
      ([key, spec]) => flagOf(key, spec) === flag || spec.aliases?.includes(flag),
    );
    const camelCase = fairseqName.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    if (spelled !== undefined) values[spelled[0]] = value;
    else if (camelCase in context) Object.assign(context, { [camelCase]: value });
    else throw new Error(`${name} has no ${flag}`);
  }
  return definition.build(selectOptions(definition.options, values), lr, context);
}

const cases = golden.cases.map((of) => ({
  ...of,
  title: `${of.scheduler} ${of.lr.join(',')} ${JSON.stringify(of.options)}`,
}));

/** The rate of each update from epoch `first` (1-based) on; reports the value of each epoch to the schedule. */
function rates(schedule: LrScheduler, values: readonly (number | null)[], first = 1): number[] {
  return values.slice(first - 1).flatMap((value, index) => {
    const epoch = first + index;
    const begin = (epoch - 1) * updatesPerEpoch;
    const ofEpoch = Array.from({ length: updatesPerEpoch }, (_, update) =>
      schedule.learningRate({ updates: begin + update, epoch }),
    );
    schedule.endEpoch?.({ updates: begin + updatesPerEpoch, epoch }, value);
    return ofEpoch;
  });
}

describe('the rate of each update', () => {
  it.each(cases)("is fairseq's: $title", ({ scheduler, lr, options, values, rates: expected }) => {
    const actual = rates(build(scheduler, lr, options), values);
    expect(actual.length).toBe(expected.length);
    actual.forEach((rate, update) => {
      expect(Math.abs(rate - expected[update]!), `update ${update + 1}: ${rate}`).toBeLessThanOrEqual(1e-15);
    });
  });

  it.each(cases)('continues from a saved state: $title', ({ scheduler, lr, options, values }) => {
    const whole = rates(build(scheduler, lr, options), values);
    for (let first = 2; first <= values.length; first++) {
      const before = build(scheduler, lr, options);
      rates(before, values.slice(0, first - 1));
      const after = build(scheduler, lr, options);
      if (before.state !== undefined) after.state = JSON.parse(JSON.stringify(before.state));
      expect(rates(after, values, first)).toEqual(whole.slice((first - 1) * updatesPerEpoch));
    }
  });

  it.each(cases)('that --stop-min-lr compares is that of the previous epoch: $title', (of) => {
    const schedule = build(of.scheduler, of.lr, of.options);
    expect(schedule.learningRate({ updates: 0, epoch: 1 })).toBeCloseTo(of.rates[0]!, 15);
    of.values.forEach((value, index) => {
      const position = { updates: (index + 1) * updatesPerEpoch, epoch: index + 1 };
      schedule.endEpoch?.(position, value);
      // With --force-anneal polynomial_decay already has the rates of the next epoch here; fairseq does not.
      if (of.options.force_anneal !== undefined && of.scheduler === 'polynomial_decay') return;
      expect(schedule.learningRate(position)).toBeCloseTo(of.reached[index + 1]!, 15);
    });
  });

  it('is tested for every schedule', () => {
    expect(new Set(golden.cases.map(({ scheduler }) => scheduler))).toEqual(
      new Set(lrSchedulers.map(({ name }) => name)),
    );
  });
});

describe('reduce_lr_on_plateau', () => {
  it('does not accept an equal value as better when losses are negative', () => {
    const schedule = build('reduce_lr_on_plateau', [1]);
    const rateAfter = (value: number): number => {
      schedule.endEpoch!({ updates: 9, epoch: 1 }, value);
      return schedule.learningRate({ updates: 9, epoch: 2 });
    };
    expect([-2, -2.1, -2.1, -2.2].map(rateAfter)).toEqual([1, 1, 0.1, 0.1]);
  });

  it('ignores an epoch without validation, and does not count NaN as better', () => {
    const schedule = build('reduce_lr_on_plateau', [1]);
    schedule.endEpoch!({ updates: 9, epoch: 1 }, 3);
    schedule.endEpoch!({ updates: 18, epoch: 2 }, null);
    expect(schedule.learningRate({ updates: 18, epoch: 3 })).toBe(1);
    schedule.endEpoch!({ updates: 27, epoch: 3 }, Number.NaN);
    expect(schedule.learningRate({ updates: 27, epoch: 4 })).toBe(0.1);
  });
});

describe('a schedule refuses', () => {
  const single = ['inverse_sqrt', 'cosine', 'reduce_lr_on_plateau', 'step', 'tri_stage', 'triangular'];
  it.each(single)('a list of rates: %s', (name) => {
    expect(() => build(name, [1e-3, 1e-4])).toThrow(UserError);
    expect(() => build(name, [1e-3, 1e-4])).toThrow(
      new RegExp(`--lr 0.001,0.0001 .* --lr-scheduler ${name} does not support`),
    );
  });

  it.each([
    { name: 'polynomial_decay', options: {}, message: /give --total-num-update or --max-update/ },
    { name: 'cosine', options: {}, message: /give --lr-period-updates, or a --max-update beyond/ },
    { name: 'cosine', options: { max_update: 9, warmup_updates: 9 }, message: /beyond the warm-up/ },
    { name: 'cosine', options: { lr_period_updates: 10, t_mult: 0 }, message: /--t-mult 0 is not above 0/ },
    {
      name: 'cosine',
      options: { lr_period_updates: 10, t_mult: 0.5 },
      message: /with --t-mult 0.5, all periods .* together have less than 20 updates; give/,
    },
    {
      name: 'cosine',
      options: { lr_period_updates: 10, t_mult: 0.5, max_update: 20 },
      message: /with --t-mult 0.5, all periods .* together have less than 20 updates; give/,
    },
    { name: 'reduce_lr_on_plateau', options: { lr_shrink: 1 }, message: /--lr-shrink 1 does not shrink/ },
    { name: 'step', options: { min_lr: 1 }, message: /--lr 1 is not above --min-lr 1/ },
    { name: 'tri_stage', options: { warmup_steps: 5 }, message: /no decay; give --decay-steps/ },
    { name: 'tri_stage', options: { decay_steps: 5, final_lr_scale: 0 }, message: /--final-lr-scale 0/ },
    { name: 'tri_stage', options: { phase_ratio: [0.1, 0.2, 0.3], max_update: 9 }, message: /with the sum 1/ },
    { name: 'tri_stage', options: { phase_ratio: [0.1, 0.4, 0.5] }, message: /--phase-ratio requires --max-update/ },
    { name: 'triangular', options: {}, message: /requires a --max-lr above --lr 1; give a larger/ },
    {
      name: 'triangular',
      options: { max_lr: 1 },
      message: /requires a --max-lr above --lr 1; give a larger/,
    },
  ])('$name with $options', ({ name, options, message }) => {
    expect(() => build(name, [1], options)).toThrow(UserError);
    expect(() => build(name, [1], options)).toThrow(message);
  });
});
