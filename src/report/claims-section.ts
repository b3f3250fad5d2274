import type { Claim, Claims } from './claims.js';
import { type Block, heading, numberColumn, paragraph, strong, tableBlock, textColumn } from './document.js';
import { measureOf } from './measures.js';
import { capitalized, fixed, meanAndDeviation, meanOf } from './numbers.js';
import type { ReportRun } from './report-run.js';
import { captionOf, type Group, type Study, type System, seedOf } from './study.js';

/** A claim beside the runs that can show it: what they measured, and what was said of them. */
interface Checked {
  readonly claim: Claim;
  /** One pair per run. */
  readonly pairs: readonly { readonly measured: number; readonly limit: number }[];
}

/** What somebody says of the systems, beside what was measured. */
export function claimsSection(study: Study, claims: Claims | null): Block[] {
  if (claims === null) return [];
  const checked = study.groups.map((group) => ({
    group,
    results: claims.claims.flatMap((claim) => check(study, group, claim) ?? []),
  }));
  const blocks = checked.flatMap(({ group, results }) => (results.length === 0 ? [] : [claimsTable(group, results)]));
  if (blocks.length === 0) return [];
  return [
    heading(`Claims: ${claims.source}`),
    paragraph(summary(checked.filter(({ results }) => results.length > 0))),
    ...blocks,
  ];
}

/** @returns null if there is nothing to check the claim by */
function check(study: Study, group: Group, claim: Claim): Checked | null {
  const { value } = measureOf(claim.measure);
  const measure = (run: ReportRun): number | null =>
    value(run, { translation: study.main, criterion: claim.criterion });
  const pairs = runsOf(group, claim.system).flatMap((run) => {
    const measured = measure(run);
    const other = typeof claim.than === 'number' ? claim.than : otherOf(group, claim.than, run, measure);
    return measured === null || other === null ? [] : [{ measured, limit: claim.factor * other }];
  });
  return pairs.length === 0 ? null : { claim, pairs };
}

const runsOf = ({ systems }: Group, name: string): System['runs'] =>
  systems.find((system) => system.name === name)?.runs ?? [];

/** The measure of another system's run with the same seed. */
function otherOf(
  group: Group,
  name: string,
  run: ReportRun,
  measure: (run: ReportRun) => number | null,
): number | null {
  const other = runsOf(group, name).find((one) => seedOf(one) === seedOf(run));
  return other === undefined ? null : measure(other);
}

const holds = ({ claim: { relation }, pairs }: Checked): number =>
  pairs.filter(({ measured, limit }) => (relation === 'above' ? measured > limit : measured < limit)).length;

const holdsAlways = (checked: Checked): boolean => holds(checked) === checked.pairs.length;

/** `On de-en, 7 of 8 claims hold in every run; on fr-en, all 8 claims hold in every run. …` */
function summary(checked: readonly { readonly group: Group; readonly results: readonly Checked[] }[]): string {
  const clauses = checked.map(({ group, results }) => {
    const always = results.filter(holdsAlways).length;
    return `${group.name === '' ? '' : `on ${group.name}, `}${countText(always, results.length)} in every run`;
  });
  return `${capitalized(clauses.join('; '))}. Runs with the same seed are compared.`;
}

function countText(always: number, all: number): string {
  if (all === 1) return `the claim ${always === 1 ? 'holds' : 'does not hold'}`;
  return `${always === all ? 'all' : `${always} of`} ${all} claims hold`;
}

function claimsTable(group: Group, results: readonly Checked[]): Block {
  return tableBlock({
    caption: captionOf(group, 'what is said, and what was measured'),
    columns: [
      textColumn('claim'),
      textColumn('measure'),
      numberColumn('measured'),
      textColumn('said'),
      textColumn('holds'),
    ],
    rows: results.map((checked) => {
      const { claim, pairs } = checked;
      const { digits } = measureOf(claim.measure);
      const measured = pairs.map((pair) => pair.measured);
      return [
        claim.text,
        claim.criterion === null ? claim.measure : `${claim.measure}: ${claim.criterion}`,
        [strong(claim.system), ` ${meanAndDeviation(measured, digits)}`],
        saidOf(checked, digits),
        verdictOf(checked),
      ];
    }),
  });
}

/** `above 2 × CE = 3.14`, `below 1.7` */
function saidOf({ claim: { relation, than, factor }, pairs }: Checked, digits: number): string {
  if (typeof than === 'number') return `${relation} ${factor * than}`;
  const times = factor === 1 ? '' : `${factor} × `;
  return `${relation} ${times}${than} = ${fixed(meanOf(pairs.map(({ limit }) => limit)), digits)}`;
}

function verdictOf(checked: Checked): string {
  const runs = checked.pairs.length;
  if (runs === 1) return holdsAlways(checked) ? 'yes' : 'no';
  const count = holds(checked);
  if (count === runs) return `yes, in all ${runs} runs`;
  return count === 0 ? `no, in none of ${runs} runs` : `in ${count} of ${runs} runs`;
}
