import { describe, expect, it } from 'vitest';
import { exp, log } from '../src/exact-math.js';
import {
  approximateRandomization,
  Bleu,
  confidenceInterval,
  countReferences,
  type PairedResult,
  pairedBootstrap,
} from '../src/index.js';
import { exactMean, numpyMean } from '../src/significance/mean.js';
import { Pcg64 } from '../src/significance/pcg64.js';
import { resampledScores } from '../src/significance/resample.js';
import { type MetricName, metricFrom, type PythonOptions, read } from './golden.js';

interface RecordedResult {
  readonly score: number;
  readonly p_value: number | null;
  readonly mean: number | null;
  readonly ci: number | null;
}

interface SignificanceCase {
  readonly seed: number;
  readonly references: number;
  readonly metric: MetricName;
  readonly options: PythonOptions;
  readonly mean: number;
  readonly ci: number;
  readonly first: number[];
  readonly signature: string;
  readonly bs: { readonly signature: string; readonly results: RecordedResult[] };
  readonly ar: { readonly signature: string; readonly results: RecordedResult[] };
}

const significance = read<{
  readonly references: string[][];
  readonly systems: [name: string, hypotheses: string[]][];
  readonly cases: SignificanceCase[];
}>('golden/significance.json');

const numpy = read<{
  readonly cases: {
    readonly seed: string;
    readonly choice7: number[];
    readonly choice40000: number[];
    readonly wide: number[];
    readonly bits: number[];
    readonly one: number[];
    readonly after: number[];
  }[];
  readonly exp: [x: number, value: number][];
  readonly log: [x: number, value: number][];
  readonly means: { readonly values: number[]; readonly float32: number; readonly float64: number }[];
}>('golden/numpy.json');

const systems = significance.systems.map(([name, hypotheses]) => ({ name, hypotheses }));

const recorded = (result: PairedResult): RecordedResult => ({
  score: result.score,
  p_value: result.pValue,
  mean: result.interval?.mean ?? null,
  ci: result.interval?.halfWidth ?? null,
});

describe("numpy's generator", () => {
  const integers = (random: Pcg64, bound: number, count: number) =>
    Array.from({ length: count }, () => random.integer(bound));

  it.each(numpy.cases)('draws the same numbers from seed $seed', (expected) => {
    const random = new Pcg64(BigInt(expected.seed));
    expect(integers(random, 7, 25)).toEqual(expected.choice7);
    expect(integers(random, 40000, 10)).toEqual(expected.choice40000);
    expect(integers(random, 3000000000, 30)).toEqual(expected.wide);
    expect(Array.from({ length: 70 }, () => Number(random.boolean()))).toEqual(expected.bits);
    expect(integers(random, 1, 2)).toEqual(expected.one);
    expect(integers(random, 1000, 6)).toEqual(expected.after);
  });
});

describe('exp and log', () => {
  it('round as C does', () => {
    expect(numpy.exp.map(([x]) => [x, exp(x)])).toEqual(numpy.exp);
    expect(numpy.log.map(([x]) => [x, log(x)])).toEqual(numpy.log);
  });
});

describe('means', () => {
  it.each(numpy.means.map((entry) => [entry.values.length, entry] as const))(
    "of %d values are numpy's to the last bit",
    (_, { values, float32, float64 }) => {
      expect(numpyMean(Float32Array.from(values))).toBe(float32);
      expect(numpyMean(Float64Array.from(values))).toBe(float64);
    },
  );

  it.each([
    [[0.1, 0.2, 0.3], 0.2],
    [[1e16, 1, -1e16], 1 / 3],
    [[0, 0], 0],
    [[-1, -2], -1.5],
    [[1e-200, 3e-200], 2e-200],
    [[100], 100],
    // Just above halfway between two numbers.
    [[2, 2 + 2 ** -51, 2 ** -78, 0], 1 + 2 ** -52],
  ])('of %j are exact and rounded once', (values, mean) => {
    expect(exactMean(values)).toBe(mean);
  });
});

describe.each(
  significance.cases.map(
    (entry) =>
      [
        `${entry.metric} ${JSON.stringify(entry.options)}, ${entry.references} references, seed ${entry.seed}`,
        entry,
      ] as const,
  ),
)('%s', (_, expected) => {
  const metric = metricFrom(expected.metric, expected.options);
  const references = significance.references.slice(0, expected.references);
  const { seed } = expected;
  const count = countReferences(references);

  it('has the confidence interval of sacrebleu, to the last bit', () => {
    const statistics = metric.statisticsOfSegments(systems[1]!.hypotheses, references);
    const options = { samples: 300, seed };
    const first = [...resampledScores(metric, statistics, options).slice(0, 5)];
    expect(first).toEqual(expected.first);
    const interval = confidenceInterval(metric, statistics, options);
    expect(interval).toEqual({ mean: expected.mean, halfWidth: expected.ci });
    expect(metric.signature(count, { bootstrap: 300, seed })).toBe(expected.signature);
  });

  it('has the p-values of paired bootstrap resampling', () => {
    const results = pairedBootstrap(systems, metric, references, { samples: 300, seed });
    expect(results.map(recorded)).toEqual(expected.bs.results);
    expect(metric.signature(count, { bootstrap: 300, seed })).toBe(expected.bs.signature);
  });

  it('has the p-values of approximate randomization', () => {
    const results = approximateRandomization(systems, metric, references, { trials: 200, seed });
    expect(results.map(recorded)).toEqual(expected.ar.results);
    expect(metric.signature(count, { randomization: 200, seed })).toBe(expected.ar.signature);
  });
});

describe('a test without a seed', () => {
  it('draws different resamples each time, the same for all systems', () => {
    const same = [systems[0]!, systems[0]!];
    const references = significance.references.slice(0, 1);
    const [first, second] = pairedBootstrap(same, new Bleu(), references, { samples: 50, seed: null });
    expect(second!.interval).toEqual(first!.interval);
    const [again] = pairedBootstrap(same, new Bleu(), references, { samples: 50, seed: null });
    expect(again!.interval).not.toEqual(first!.interval);
  });

  it('has no negative one', () => {
    const statistics = new Bleu().statisticsOfSegments(['a'], [['a']]);
    expect(() => confidenceInterval(new Bleu(), statistics, { seed: -1 })).toThrow(/the seed is -1/);
  });
});
