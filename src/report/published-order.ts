import type { ReportedComparison } from './compare.js';
import { type Block, type Inline, paragraph, strong } from './document.js';
import { pText, signed } from './numbers.js';
import { publishedScoreOf, type Study } from './study.js';

/** Says of every comparison that others published too whether it has the published order. */
export function publishedOrder(study: Study, comparisons: readonly ReportedComparison[]): Block[] {
  const checked = comparisons.flatMap(({ where, names, result }) => {
    if (result === null) return [];
    const said = study.published.flatMap((scores) => {
      const [first, second] = result.systems.map((system) => Number.parseFloat(publishedScoreOf(scores, system) ?? ''));
      const difference = first! - second!; // NaN if the source has one of them or none
      return Number.isNaN(difference) ? [] : [{ source: scores.source, difference }];
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
