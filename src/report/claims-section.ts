import type { Claim, Claims } from './claims.js';
import {
  type Block,
  type Content,
  heading,
  numberColumn,
  paragraph,
  strong,
  tableBlock,
  textColumn,
} from './document.js';
import { measureOf } from './measures.js';
import { capitalized, fixed, meanAndDeviation, meanOf } from './numbers.js';
import type { ReportRun } from './report-run.js';
import { captionOf, type Group, type Study, type System, seedOf } from './study.js';

/** A claim beside the runs that can show it: what they measured, and what was claimed of them. */
interface Checked {
  readonly claim: Claim;
  /** One pair per run; none if it was not measured. */
  readonly pairs: readonly { readonly measured: number; readonly limit: number }[];
}

/** What somebody says of the systems, beside what was measured. */
export function claimsSection(study: Study, claims: Claims | null): Block[] {
  if (claims === null) return [];
  const checked = study.groups.map((group) => ({
    group,
    results: claims.claims.filter((claim) => isAbout(group, claim)).map((claim) => check(study, group, claim)),
  }));
  const shown = checked.filter(({ results }) => results.some(isMeasured));
  if (shown.length === 0) return [];
  return [
    heading(`Claims: ${claims.source}`),
    paragraph(summary(shown)),
    ...shown.map(({ group, results }) => claimsTable(group, results)),
  ];
}

/** Whether the group has the systems that the claim names. */
const isAbout = ({ systems }: Group, { system, than }: Claim): boolean =>
  [system, than].every((name) => typeof name === 'number' || systems.some((one) => one.name === name));

function check(study: Study, group: Group, claim: Claim): Checked {
  const { value } = measureOf(claim.measure);
  const measure = (run: ReportRun): number | null =>
    value(run, { translation: study.main, criterion: claim.criterion });
  const pairs = runsOf(group, claim.system).flatMap((run) => {
    const measured = measure(run);
    const other = typeof claim.than === 'number' ? claim.than : otherOf(group, claim.than, run, measure);
    return measured === null || other === null ? [] : [{ measured, limit: claim.factor * other }];
  });
  return { claim, pairs };
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

const isMeasured = ({ pairs }: Checked): boolean => pairs.length > 0;

const holdsAlways = (checked: Checked): boolean => isMeasured(checked) && holds(checked) === checked.pairs.length;

/** `On de-en, 7 of 8 claims hold in every run; on fr-en, all 8 claims hold in every run. …` */
function summary(checked: readonly { readonly group: Group; readonly results: readonly Checked[] }[]): string {
  const clauses = checked.map(({ group, results }) => {
    const always = results.filter(holdsAlways).length;
    const measured = results.filter(isMeasured).length;
    return `${group.name === '' ? '' : `on ${group.name}, `}${countText(always, measured)} in every run`;
  });
  return `${capitalized(clauses.join('; '))}. Runs with the same seed are compared.`;
}

function countText(always: number, all: number): string {
  if (all === 1) return `the claim ${always === 1 ? 'holds' : 'does not hold'}`;
  return `${always === all ? 'all' : `${always} of`} ${all} claims hold`;
}

function claimsTable(group: Group, results: readonly Checked[]): Block {
  const hasSettings = results.some(({ claim }) => claim.setting !== null);
  return tableBlock({
    caption: captionOf(group, 'what is claimed, and what was measured'),
    columns: [
      textColumn('claim'),
      ...(hasSettings ? [textColumn('said of')] : []),
      textColumn('measure'),
      numberColumn('measured'),
      textColumn('claimed'),
      textColumn('holds'),
    ],
    rows: results.map((checked) => {
      const { claim } = checked;
      return [
        claim.text,
        ...(hasSettings ? [claim.setting ?? ''] : []),
        claim.criterion === null ? claim.measure : `${claim.measure}: ${claim.criterion}`,
        measuredOf(checked),
        claimedOf(checked),
        verdictOf(checked),
      ];
    }),
  });
}

const digitsOf = ({ measure }: Claim): number => measureOf(measure).digits;

/** `EL 40.69 ± 0.10`; of another criterion at the checkpoints of a system: `5.13 at CE` */
function measuredOf({ claim, pairs }: Checked): Content {
  const values = meanAndDeviation(
    pairs.map(({ measured }) => measured),
    digitsOf(claim),
  );
  return claim.criterion === null ? [strong(claim.system), ` ${values}`] : [`${values} at `, strong(claim.system)];
}

/** `> 2 × CE (3.14)`, `< 1.7` */
function claimedOf({ claim, pairs }: Checked): string {
  const { relation, than, factor } = claim;
  const sign = relation === 'above' ? '>' : '<';
  if (typeof than === 'number') return `${sign} ${factor * than}`;
  const name = `${sign} ${factor === 1 ? '' : `${factor} × `}${than}`;
  return pairs.length === 0 ? name : `${name} (${fixed(meanOf(pairs.map(({ limit }) => limit)), digitsOf(claim))})`;
}

function verdictOf(checked: Checked): string {
  const runs = checked.pairs.length;
  if (runs === 0) return 'not measured';
  if (runs === 1) return holdsAlways(checked) ? 'yes' : 'no';
  const count = holds(checked);
  if (count === runs) return `yes, in all ${runs} runs`;
  return count === 0 ? `no, in none of ${runs} runs` : `in ${count} of ${runs} runs`;
}
