import type { PublishedScore } from '../experiments/sweep-plan.js';
import type { ReportedComparison } from './compare.js';
import { type Block, type Inline, paragraph, strong } from './document.js';
import { pText, signed } from './numbers.js';
import type { Study, System } from './study.js';

/** Says of every comparison that others published too whether it has the published order. */
export function publishedOrder(study: Study, comparisons: readonly ReportedComparison[]): Block[] {
  const checked = comparisons.flatMap(({ where, names, result }) => {
    if (result === null) return [];
    const said = study.published.flatMap(({ source, scores }) => {
      const [first, second] = result.systems.map((system) => publishedScore(scores, system));
      return first == null || second == null ? [] : [{ source, difference: first - second }];
    });
    const contrary = said.filter(({ difference }) => orderOf(difference) !== orderOf(result.difference));
    return said.length === 0 ? [] : [{ where, names, result, contrary }];
  });
  if (checked.length === 0) return [];
  const differing = checked.filter(({ contrary }) => contrary.length > 0);
  if (differing.length === 0) return [paragraph('Every comparison that was published too has the published order.')];
  const clauses = differing.map(({ where, names, result, contrary }): Inline[] => {
    const { difference, corrected, isSignificant, withoutPenalty } = result;
    const test = corrected === null ? 'not tested' : `${isSignificant ? '' : 'not significant: '}${pText(corrected)}`;
    const published = contrary.map((one) => `${signed(one.difference, 2)} in ${one.source}`);
    return [
      ...(where === '' ? [] : ['on ', strong(where), ', ']),
      ...[strong(names[0]), ' less ', strong(names[1]), ` is ${published.join(', ')}`],
      `, but ${signed(difference, 2)} here (${test}; ${signed(withoutPenalty, 2)} without brevity penalty)`,
    ];
  });
  const isAnalyzed = study.runs.some(({ analysis }) => analysis !== null);
  return [
    paragraph([
      'The order differs from the published one: ',
      ...clauses.flatMap((clause, index) => (index === 0 ? clause : ['; ', ...clause])),
      `.${isAnalyzed ? ' The analyses below compare what the losses do to gradients, energies, margins and calibration.' : ''}`,
    ]),
  ];
}

/** −1, 0 or 1, of a difference as it is printed: with two digits. */
const orderOf = (difference: number): number => Math.sign(Math.round(100 * difference));

/** The number at the start of a published score, such as `35.50 ± 0.11`; null if the source has none for the system. */
function publishedScore(scores: readonly PublishedScore[], { values }: System): number | null {
  const score = scores.find((one) => Object.entries(one.values).every(([axis, value]) => values[axis] === value));
  const number = Number.parseFloat(score?.text ?? '');
  return Number.isNaN(number) ? null : number;
}
