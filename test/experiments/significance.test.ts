import fc from 'fast-check';
import { Bleu } from 'sacrebleu-ts';
import { describe, expect, it } from 'vitest';
import {
  compareSystems,
  holm,
  type SystemRuns,
  spreadOf,
  studentTwoSided,
  weightedBleu,
} from '../../src/experiments/significance.js';

const WORDS = ['a', 'b', 'c', 'd', 'e'];

/** Sentences of a system that gets a word wrong every `every` words; the seed moves where. */
function statisticsOf(every: number, seed: number): Uint16Array {
  const metric = new Bleu({ tokenize: 'none', smoothMethod: 'none' });
  const rows = Array.from({ length: 60 }, (_, sentence) => {
    const reference = Array.from({ length: 8 + (sentence % 5) }, (_, at) => WORDS[(sentence + at * 2) % 5]!);
    const hypothesis = reference.map((word, at) => ((sentence * 7 + at + seed) % every === 0 ? 'x' : word));
    return metric.segmentStatistics(hypothesis.join(' '), [reference.join(' ')]).slice(0, 6);
  });
  return Uint16Array.from(rows.flat());
}

const ones = new Uint16Array(60).fill(1);

function system(every: number, offset = 0, seeds = 5): SystemRuns {
  const statistics = Array.from({ length: seeds }, (_, seed) => statisticsOf(every, seed + offset));
  return { statistics, scores: statistics.map((rows) => weightedBleu(rows, ones)) };
}

describe("Student's t", () => {
  // Critical values of printed tables.
  it.each([
    [12.706, 1, 0.05],
    [4.303, 2, 0.05],
    [3.182, 3, 0.05],
    [2.776, 4, 0.05],
    [4.604, 4, 0.01],
    [2.571, 5, 0.05],
    [2.262, 9, 0.05],
    [2.228, 10, 0.05],
  ])('of %f with %i degrees of freedom has a two-sided p of %f', (t, degrees, p) => {
    expect(studentTwoSided(t, degrees)).toBeCloseTo(p, 4);
    expect(studentTwoSided(-t, degrees)).toBeCloseTo(p, 4);
  });

  it('falls from 1 to 0', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 50, noNaN: true }), fc.integer({ min: 1, max: 40 }), (t, degrees) => {
        const p = studentTwoSided(t, degrees);
        expect(p).toBeLessThanOrEqual(1);
        expect(p).toBeGreaterThanOrEqual(studentTwoSided(t + 0.5, degrees) - 1e-12);
      }),
    );
    expect(studentTwoSided(0, 4)).toBe(1);
    expect(studentTwoSided(Number.POSITIVE_INFINITY, 4)).toBe(0);
    expect(studentTwoSided(Number.NaN, 4)).toBe(1);
  });
});

describe("Holm's correction", () => {
  it('multiplies the smallest p by the number of tests, the next by one less, and keeps their order', () => {
    const corrected = holm([0.04, 0.01, 0.03, 0.5]);
    for (const [index, p] of [0.09, 0.04, 0.09, 0.5].entries()) expect(corrected[index]).toBeCloseTo(p, 12);
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});

describe('a comparison of two systems', () => {
  const [better, worse] = [system(9), system(5)];

  it('has the mean difference, an interval around it and a small p if one is better with every seed', () => {
    const [comparison] = compareSystems([[better, worse]]);
    const expected = spreadOf(better.scores).mean - spreadOf(worse.scores).mean;
    expect(comparison!.difference).toBeCloseTo(expected, 10);
    expect(comparison!.interval[0]).toBeGreaterThan(0);
    expect(comparison!.interval[0]).toBeLessThan(expected);
    expect(comparison!.interval[1]).toBeGreaterThan(expected);
    expect(comparison!.p).toBeLessThan(0.05);
    expect(comparison!.seeds).toBe(5);
  });

  it('of a system with itself finds nothing', () => {
    const [comparison] = compareSystems([[better, better]]);
    expect(comparison).toMatchObject({ difference: 0, interval: [0, 0], p: 1 });
  });

  it('is the other way round with the systems exchanged, on the same resamples', () => {
    const [there, back] = compareSystems([
      [better, worse],
      [worse, better],
    ]);
    expect(back!.difference).toBe(-there!.difference);
    expect(back!.p).toBeCloseTo(there!.p!, 12);
    expect(back!.interval[0]).toBeCloseTo(-there!.interval[1], 12);
  });

  it('repeats exactly, and resamples otherwise with another seed', () => {
    const [first] = compareSystems([[better, worse]]);
    expect(compareSystems([[better, worse]])[0]).toEqual(first);
    expect(compareSystems([[better, worse]], { seed: 1 })[0]!.interval).not.toEqual(first!.interval);
  });

  it('needs two seeds for a test, not for an interval', () => {
    const [comparison] = compareSystems([[system(9, 0, 1), system(5, 0, 1)]]);
    expect(comparison).toMatchObject({ t: null, p: null, seeds: 1 });
    expect(comparison!.interval[0]).toBeGreaterThan(0);
  });

  it('draws seeds too: the interval widens with the spread of the seeds', () => {
    const spread: SystemRuns = {
      statistics: [5, 9, 40, 41, 42].map((every) => statisticsOf(every, 0)),
      scores: [5, 9, 40, 41, 42].map((every) => weightedBleu(statisticsOf(every, 0), ones)),
    };
    const width = ([low, high]: readonly [number, number]): number => high - low;
    const [wide, narrow] = compareSystems([
      [spread, worse],
      [better, worse],
    ]);
    expect(width(wide!.interval)).toBeGreaterThan(2 * width(narrow!.interval));
  });
});

it('a sentence of weight 2 counts as two sentences', () => {
  const rows = statisticsOf(4, 0);
  const weights = new Uint16Array(60).fill(1);
  weights[3] = 2;
  const doubled = Uint16Array.from([...rows, ...rows.subarray(18, 24)]);
  expect(weightedBleu(rows, weights)).toBe(weightedBleu(doubled, new Uint16Array(61).fill(1)));
});

it('the deviation has n − 1 in its denominator', () => {
  expect(spreadOf([1, 2, 3, 4])).toEqual({ mean: 2.5, deviation: Math.sqrt(5 / 3) });
  expect(spreadOf([7])).toEqual({ mean: 7, deviation: 0 });
});
