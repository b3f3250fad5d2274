import type { ComparisonResult, ReportedComparison } from './compare.js';
import { type Content, type Inline, strong } from './document.js';
import {
  capitalized,
  enumerate,
  fixed,
  meanAndDeviation,
  meanOf,
  plural,
  pText,
  rangeText,
  signed,
} from './numbers.js';
import { bleuOf, type Study } from './study.js';

/** One sentence that says which system is better, by how much and how certain that is. */
export function conclusion(study: Study, comparisons: readonly ReportedComparison[]): Content {
  const made = comparisons.flatMap(({ where, names, result }) => (result === null ? [] : [{ where, names, result }]));
  if (made.length === 0) return withoutComparison(study, comparisons);
  const results = made.map(({ result }) => result);
  const isAny = results.some(({ isSignificant }) => isSignificant);
  const places = [...new Set(made.map(({ where }) => where))];
  const clauses = places.map((place) => {
    const here = made.filter(({ where }) => where === place);
    const prefix: Inline[] = place === '' ? [] : ['on ', strong(place), ', '];
    return [
      ...prefix,
      ...joined(
        here.map(({ names, result }) => clauseOf(names, result)),
        ' and ',
      ),
    ];
  });
  const sentence = [
    ...(isAny ? [] : ['no difference in BLEU is established: ']),
    ...joined(clauses, '; '),
    `; ${method(results, comparisons.length)}.`,
  ];
  return beginning(sentence);
}

/**
 * `el is better than ce by 0.57 BLEU (95 % interval 0.35 to 0.79, p = 0.003)`, or if that is not established
 * `el scores 0.10 BLEU below ce (−0.10, 95 % interval −0.41 to 0.20, not significant: p = 0.512)`
 */
function clauseOf([a, b]: readonly [string, string], result: ComparisonResult): Inline[] {
  const { difference, interval, corrected, isSignificant } = result;
  if (!isSignificant) {
    const by = fixed(Math.abs(difference), 2);
    const lies = ` scores ${by} BLEU ${difference > 0 ? 'above' : 'below'} `;
    const test = corrected === null ? '' : `, not significant: ${pText(corrected)}`;
    const range = `95 % interval ${rangeText(interval, 2)}`;
    return [
      strong(a),
      Number(by) === 0 ? ' scores as high as ' : lies,
      strong(b),
      ` (${signed(difference, 2)}, ${range}${test})`,
    ];
  }
  const flipped = [-interval[1], -interval[0]] as const;
  const [better, worse, by, range] =
    difference > 0 ? ([a, b, difference, interval] as const) : ([b, a, -difference, flipped] as const);
  return [
    strong(better),
    ' is better than ',
    strong(worse),
    ` by ${fixed(by, 2)} BLEU (95 % interval ${rangeText(range, 2)}, ${pText(corrected!)})`,
  ];
}

/** `each system has 5 runs, and significant means p below 0.05 after Holm's correction for 4 comparisons` */
function method(results: readonly ComparisonResult[], planned: number): string {
  const counts = [...new Set(results.map(({ seeds }) => seeds))].sort((a, b) => a - b);
  const most = counts.at(-1)!;
  const range = counts.length > 1 ? `${counts[0]} to ${plural(most, 'run')}` : plural(most, 'run');
  const runs = `each system has ${range}`;
  if (most === 1) return `${runs}, so there is no test of significance`;
  return planned === 1
    ? `${runs}, and significant means p below 0.05`
    : `${runs}, and significant means p below 0.05 after Holm's correction for ${planned} comparisons`;
}

function withoutComparison(study: Study, comparisons: readonly ReportedComparison[]): Content {
  const systems = study.groups.flatMap(({ name, systems }) =>
    systems.map((system) => ({ label: [system.name, name].filter((part) => part !== '').join(' on '), system })),
  );
  const scored = systems.flatMap(({ label, system }) => {
    const values = bleuOf(system, study.main);
    return values.length === 0 ? [] : [{ label, values }];
  });
  if (scored.length === 0) return 'Nothing is established, because no run has scored translations yet.';
  const named = (index: number): Inline[] => {
    const { label, values } = scored[index]!;
    const runs = values.length === 1 ? '1 run' : `mean of ${values.length} runs`;
    return [strong(label), ` has ${meanAndDeviation(values, 2)} BLEU (${runs})`];
  };
  if (systems.length === 1) {
    return ['Nothing is established, because there is no second system to compare with: ', ...named(0), '.'];
  }
  const why =
    comparisons.length > 0
      ? 'the runs for the comparisons are missing'
      : 'no comparison is planned and so nothing is tested';
  if (study.groups.length > 1) {
    const best = study.groups.map(({ name }) => name);
    return [`Nothing is established, because ${why}; the tables have the means on ${enumerate(best)}.`];
  }
  const highest = scored.reduce(
    (best, { values }, index) => (meanOf(values) > meanOf(scored[best]!.values) ? index : best),
    0,
  );
  return [`Nothing is established, because ${why}; the highest mean: `, ...named(highest), '.'];
}

const joined = (lists: readonly (readonly Inline[])[], separator: string): Inline[] =>
  lists.flatMap((list, index) => (index === 0 ? list : [separator, ...list]));

/** The sentence with a capital letter, unless it begins with a name. */
const beginning = ([first, ...rest]: readonly Inline[]): Inline[] =>
  typeof first === 'string' ? [capitalized(first), ...rest] : [first!, ...rest];
