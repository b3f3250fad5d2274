import type { ComparisonResult, ReportedComparison } from './compare.js';
import {
  type Block,
  figureBlock,
  heading,
  numberColumn,
  paragraph,
  strong,
  tableBlock,
  textColumn,
} from './document.js';
import { fixed, MISSING, pCell, plural, rangeText, signed } from './numbers.js';
import { dotPlot } from './plot.js';
import type { Study } from './study.js';

type Made = ReportedComparison & { readonly result: ComparisonResult };

const isMade = (comparison: ReportedComparison): comparison is Made => comparison.result !== null;

/** `el − ce, de-en` */
const labelOf = ({ names: [a, b], where }: ReportedComparison): string => `${a} − ${b}${where && `, ${where}`}`;

/** The section with the planned comparisons: differences, intervals and tests. */
export function comparisonsSection(study: Study, comparisons: readonly ReportedComparison[]): Block[] {
  if (comparisons.length === 0) return [];
  const made = comparisons.filter(isMade);
  const plan = study.isPlanned
    ? `${comparisons.length === 1 ? 'The planned comparison is' : `The ${comparisons.length} planned comparisons are`} by tokenized BLEU.`
    : 'No comparison is planned. This is the only one possible: the second system against the first, by tokenized BLEU.';
  return [
    heading('Comparisons'),
    paragraph([plan, ...methods(made, comparisons.length)].join(' ')),
    ...(made.length === 0 ? [] : [differencesFigure(made)]),
    comparisonTable(comparisons),
    ...signTestNote(made),
  ];
}

/** How differences are judged, as far as these comparisons take it. */
function methods(made: readonly Made[], planned: number): string[] {
  const interval =
    'The interval is the middle 95 % of 2,000 resamples, each of which draws seeds and one set of sentences for all systems together.';
  const isTested = made.some(({ result }) => result.t !== null);
  const holm = `The paired t-test is over seeds.${planned > 1 ? " Holm's correction keeps the chance of any wrong finding among the comparisons below 5 %." : ''}`;
  const caution =
    'A difference can fail the test although its interval excludes 0: intervals are not corrected, and resampling a few seeds understates how much seeds vary.';
  if (made.length === 0) return [];
  return isTested ? [interval, holm, caution] : [interval, 'With one seed it contains the chance of sentences alone.'];
}

/** A colour that no system has. */
const NEUTRAL = '#444c56';

function differencesFigure(made: readonly Made[]): Block {
  const rows = made.map((comparison) => ({
    name: labelOf(comparison),
    color: NEUTRAL,
    dots: comparison.result.bootstraps.map(({ difference }) => difference),
    center: comparison.result.difference,
    interval: comparison.result.interval,
  }));
  return figureBlock({
    id: 'differences',
    caption: 'Difference in BLEU with its 95 % interval: every seed (circles) and the mean (bar)',
    legend: [],
    panels: [dotPlot({ title: '', xLabel: 'difference in BLEU', rows, hasZero: true })],
  });
}

function comparisonTable(comparisons: readonly ReportedComparison[]): Block {
  const rows = comparisons.map((comparison) => {
    const label = [strong(labelOf(comparison))];
    const { result, obstacle } = comparison;
    if (result === null) return [label, ...new Array<string>(7).fill(MISSING), obstacle ?? MISSING];
    const { difference, interval, t, seeds, p, corrected, isSignificant, withoutPenalty } = result;
    return [
      label,
      signed(difference, 2),
      rangeText(interval, 2),
      t === null ? MISSING : fixed(t, 2),
      t === null ? MISSING : String(seeds - 1),
      pCell(p),
      pCell(corrected),
      signed(withoutPenalty, 2),
      corrected === null
        ? 'no test: one seed'
        : isSignificant
          ? wordsOf(comparison.names, difference)
          : 'not significant',
    ];
  });
  const numbers = ['difference', '95 % interval', 't', 'degrees of freedom', 'p', 'p, Holm', 'without brevity penalty'];
  return tableBlock({
    caption: 'Comparisons by tokenized BLEU',
    columns: [textColumn('comparison'), ...numbers.map(numberColumn), textColumn('in words')],
    rows,
    notes: [
      'Without brevity penalty: the mean difference of BLEU divided by its brevity penalty. If it is near 0 where the difference is not, a system wins by the length of its translations.',
    ],
  });
}

const wordsOf = ([a, b]: readonly [string, string], difference: number): string =>
  difference > 0 ? `${a} is better than ${b}` : `${b} is better than ${a}`;

/** An exact sign test cannot give less than 2 · 2⁻ⁿ with n seeds. */
function signTestNote(made: readonly Made[]): Block[] {
  const seeds = Math.max(0, ...made.map(({ result }) => result.seeds));
  if (seeds < 2) return [];
  const floor = 2 ** (1 - seeds);
  const reach =
    floor >= 0.05
      ? 'it cannot reach 0.05, even if one system wins with every seed'
      : 'it can reach 0.05, but only if one system wins with nearly every seed';
  const text = `An exact sign test over ${plural(seeds, 'seed')} has p of at least 2^(1 − ${seeds}) = ${floor}: ${reach}. The t-test can, because it assumes that differences between seeds follow a normal distribution.`;
  return [paragraph(floor >= 0.05 ? text : text.replace(/ The t-test.*/, ''), 'note')];
}

/** Every pair of runs with the same seed, compared alone. */
export function bootstrapAppendix(comparisons: readonly ReportedComparison[]): Block[] {
  const made = comparisons.filter(isMade);
  if (made.length === 0) return [];
  const rows = made.flatMap((comparison) =>
    comparison.result.bootstraps.map(({ difference, interval, p }, index) => [
      [strong(labelOf(comparison))],
      comparison.result.seedNames[index] || '1',
      signed(difference, 2),
      rangeText(interval, 2),
      pCell(p),
    ]),
  );
  return [
    heading('Appendix: paired bootstrap per seed'),
    paragraph(
      "Each pair of runs with the same seed, compared by 1,000 resamples of its sentences (Koehn 2004). p is that of sacreBLEU's --paired-bs, about half of a two-sided one. This tests one pair of trained models, not the methods that trained them: the variation between seeds is left out, and p is not corrected.",
    ),
    tableBlock({
      caption: 'Paired bootstrap resampling',
      columns: [textColumn('comparison'), ...['seed', 'difference', '95 % interval', 'p'].map(numberColumn)],
      rows,
    }),
  ];
}
