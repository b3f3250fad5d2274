import { type BootstrapResult, pairedBootstrap } from '../experiments/paired-bootstrap.js';
import { type Comparison, compareSystems, holm, type SystemRuns } from '../experiments/significance.js';
import type { PlannedComparison } from '../experiments/sweep-plan.js';
import { LEVEL, meanOf } from './numbers.js';
import type { ReportRun, ScoredTranslation } from './report-run.js';
import { matches, type Study, type System, seedOf, withoutBrevityPenalty } from './study.js';

/** A comparison that a report makes or would make. */
export interface ReportedComparison {
  /** The values of the other axes, e.g. `de-en`; empty if there are none. */
  readonly where: string;
  readonly names: readonly [string, string];
  /** Null if it cannot be made; `obstacle` says why. */
  readonly result: ComparisonResult | null;
  readonly obstacle: Obstacle | null;
}

/** Why a comparison cannot be made. */
export type Obstacle = 'runs are missing' | 'their test sets differ';

/** A comparison with its p-value after Holm's correction. */
export interface ComparisonResult extends Comparison {
  readonly systems: readonly [System, System];
  /** The seeds that both systems have. */
  readonly seedNames: readonly string[];
  /** p by Holm's correction over all planned comparisons, those without results included; null with one seed. */
  readonly corrected: number | null;
  /** Whether `corrected` is below 0.05. */
  readonly isSignificant: boolean;
  /** The mean difference of BLEU without brevity penalty: what does not come from the length of translations. */
  readonly withoutPenalty: number;
  /** Each seed alone. */
  readonly bootstraps: readonly BootstrapResult[];
}

/** Every planned comparison for every combination of the other axes. */
export function compareAll(study: Study): ReportedComparison[] {
  const systems = study.groups.flatMap((group) => group.systems);
  const planned = placesOf(study).flatMap(({ where, comparison }) => {
    const find = (value: string): System | undefined =>
      systems.find(({ values }) => matches(values, { ...where, [comparison.axis]: value }));
    const [a, b] = comparison.values.map(find);
    const names = Object.values(where).join(', ');
    const found = a && b ? pairOf(a, b, study.main) : 'runs are missing';
    const [pair, obstacle] = typeof found === 'string' ? [null, found] : [found, null];
    return [{ where: names, names: comparison.values, pair, obstacle }];
  });
  const results = compareTogether(planned.flatMap(({ pair }) => pair ?? []));
  const values = planned.map(({ pair }) => (pair === null ? 1 : (results.get(pair)?.p ?? 1)));
  const corrected = holm(values);
  return planned.map(({ where, names, pair, obstacle }, index) => {
    const comparison = pair === null ? undefined : results.get(pair);
    if (pair === null || comparison === undefined) return { where, names, result: null, obstacle };
    const p = comparison.p === null ? null : corrected[index]!;
    const result = {
      ...comparison,
      systems: pair.systems,
      seedNames: pair.seeds,
      corrected: p,
      isSignificant: p !== null && p < LEVEL,
      withoutPenalty: pair.withoutPenalty,
      bootstraps: pair.runs[0].statistics.map((rows, run) => pairedBootstrap(rows, pair.runs[1].statistics[run]!)),
    };
    return { where, names, result, obstacle: null };
  });
}

/** The combinations of the other axes, each with every comparison, so that those of one table follow each other. */
function placesOf({ groups, axes, comparisons }: Study) {
  const places = new Map<string, { where: Record<string, string>; comparisons: PlannedComparison[] }>();
  for (const { values } of groups.flatMap((group) => group.systems)) {
    for (const comparison of comparisons) {
      const where = Object.fromEntries(
        axes.filter((axis) => axis !== comparison.axis).map((axis) => [axis, values[axis]!]),
      );
      const key = JSON.stringify(where);
      const place = places.get(key) ?? { where, comparisons: [] };
      places.set(key, place);
      if (!place.comparisons.includes(comparison)) place.comparisons.push(comparison);
    }
  }
  return [...places.values()].flatMap(({ where, comparisons: here }) =>
    here.map((comparison) => ({ where, comparison })),
  );
}

interface Pair {
  readonly systems: readonly [System, System];
  readonly seeds: readonly string[];
  readonly runs: readonly [SystemRuns, SystemRuns];
  readonly withoutPenalty: number;
}

/** The runs of two systems with seeds that both have, or why they cannot be compared. */
function pairOf(a: System, b: System, main: string | null): Pair | Obstacle {
  if (main === null) return 'runs are missing';
  const scored = (system: System): Map<string, ReportRun> =>
    new Map(system.runs.filter((run) => run.translations.has(main)).map((run) => [seedOf(run), run]));
  const [ofA, ofB] = [scored(a), scored(b)];
  const seeds = [...ofA.keys()].filter((seed) => ofB.has(seed));
  if (seeds.length === 0) return 'runs are missing';
  const translated = (runs: ReadonlyMap<string, ReportRun>): ScoredTranslation[] =>
    seeds.map((seed) => runs.get(seed)!.translations.get(main)!);
  const [first, second] = [translated(ofA), translated(ofB)];
  const lengths = new Set([...first, ...second].map(({ statistics }) => statistics.length));
  if (lengths.size > 1) return 'their test sets differ';
  return {
    systems: [a, b],
    seeds,
    runs: [runsOf(first), runsOf(second)],
    withoutPenalty: meanOf(first.map(withoutBrevityPenalty)) - meanOf(second.map(withoutBrevityPenalty)),
  };
}

const runsOf = (translations: readonly ScoredTranslation[]): SystemRuns => ({
  scores: translations.map(({ bleu }) => bleu),
  statistics: translations.map(({ statistics }) => statistics),
});

/** Pairs with the same seeds and test set share their resamples. */
function compareTogether(pairs: readonly Pair[]): Map<Pair, Comparison> {
  const buckets = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const key = JSON.stringify([pair.seeds, pair.runs[0].statistics[0]!.length]);
    const bucket = buckets.get(key) ?? [];
    buckets.set(key, bucket);
    bucket.push(pair);
  }
  return new Map(
    [...buckets.values()].flatMap((bucket) => {
      const compared = compareSystems(withSharedSystems(bucket));
      return bucket.map((pair, index) => [pair, compared[index]!] as const);
    }),
  );
}

/** A system of several pairs is one object, so that its BLEU is computed once per resample. */
function withSharedSystems(pairs: readonly Pair[]): (readonly [SystemRuns, SystemRuns])[] {
  const known = new Map<System, SystemRuns>();
  const shared = (system: System, runs: SystemRuns): SystemRuns => {
    if (!known.has(system)) known.set(system, runs);
    return known.get(system)!;
  };
  return pairs.map(({ systems, runs }) => [shared(systems[0], runs[0]), shared(systems[1], runs[1])] as const);
}
