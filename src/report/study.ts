import { type PlannedComparison, type PublishedScores, REPLICATES } from '../experiments/sweep-plan.js';
import { capitalized } from './numbers.js';
import type { ReportInput, ReportRun, ScoredTranslation } from './report-run.js';

/** Runs that differ in nothing but the seed. */
export interface System {
  /** Its value on the compared axis. */
  readonly name: string;
  /** Its values on all axes but the seed. */
  readonly values: Readonly<Record<string, string>>;
  /** In the order of the seeds, also runs without results. */
  readonly runs: readonly ReportRun[];
}

/** Systems that one table compares: they share the values of all other axes. */
export interface Group {
  /** These values, e.g. `de-en`; empty if there are no other axes. */
  readonly name: string;
  readonly systems: readonly System[];
}

/** The runs of a report in their order. */
export interface Study {
  readonly title: string;
  readonly runs: readonly ReportRun[];
  /** The axes but the seed. */
  readonly axes: readonly string[];
  /** The axis of which each table has the values as rows; null without axes. */
  readonly rowAxis: string | null;
  readonly groups: readonly Group[];
  readonly comparisons: readonly PlannedComparison[];
  /** Whether the sweep names the comparisons. Otherwise two systems have the only one possible. */
  readonly isPlanned: boolean;
  /** The translation that systems are compared by; null if there is none. */
  readonly main: string | null;
  /** Other translations of test splits. */
  readonly others: readonly string[];
  /** Translations by the probes of analyses. */
  readonly probes: readonly string[];
  readonly tuning: Tuning | null;
  readonly published: readonly PublishedScores[];
}

/** Translations of which the best on the validation split counts on the test split. */
export interface Tuning {
  /** E.g. `lenpen=0.6`, with the names of the two translations. */
  readonly options: readonly { readonly name: string; readonly validation: string; readonly test: string }[];
}

/** Arranges runs into groups, systems and seeds. */
export function studyOf({ description, runs }: ReportInput): Study {
  const axes = description.axes.filter(({ name }) => name !== REPLICATES);
  const planned = description.compare.filter(({ axis }) => axes.some(({ name }) => name === axis));
  const row = axes.find(({ name }) => name === planned[0]?.axis) ?? axes.at(-1) ?? null;
  const rest = axes.filter((axis) => axis !== row);
  const systems = systemsOf(
    runs,
    axes.map(({ name }) => name),
  );
  const groups = new Map<string, System[]>();
  for (const system of systems) {
    const key = rest.map(({ name }) => system.values[name]).join(', ');
    const members = groups.get(key) ?? [];
    groups.set(key, members);
    members.push({ ...system, name: row === null ? 'run' : system.values[row.name]! });
  }
  const named = new Set(runs.flatMap((run) => [...run.translations.keys()]));
  const isFromProbe = (name: string): boolean => runs.some((run) => run.translations.get(name)?.isFromProbe);
  const probes = [...named].filter(isFromProbe);
  const translations = [...named].filter((name) => !isFromProbe(name));
  const tuned = tuningOf(description.tune, translations);
  const isTuned = (name: string): boolean =>
    tuned?.options.some(({ validation, test }) => name === validation || name === test) ?? false;
  const tests = translations.filter((name) => !isValidation(runs, name));
  const main = tests.find((name) => !isTuned(name)) ?? tests[0] ?? translations[0] ?? null;
  const possible = onlyComparison(row);
  return {
    title: description.title ?? 'Report',
    runs,
    axes: axes.map(({ name }) => name),
    rowAxis: row?.name ?? null,
    groups: [...groups].map(([name, members]) => ({ name, systems: members })),
    comparisons: planned.length > 0 ? planned : possible,
    isPlanned: planned.length > 0,
    main,
    others: tests.filter((name) => name !== main && !isTuned(name)),
    probes,
    tuning: tuned,
    published: description.published,
  };
}

function systemsOf(runs: readonly ReportRun[], axes: readonly string[]): System[] {
  const systems = new Map<string, { values: Record<string, string>; runs: ReportRun[] }>();
  for (const run of runs) {
    const values = Object.fromEntries(axes.map((axis) => [axis, run.values[axis]!]));
    const key = JSON.stringify(values);
    const system = systems.get(key) ?? { values, runs: [] };
    systems.set(key, system);
    system.runs.push(run);
  }
  return [...systems.values()].map((system) => ({ name: '', ...system }));
}

/** Without a plan, two systems have one comparison: the second value of the axis against the first, the baseline. */
function onlyComparison(row: { readonly name: string; readonly values: readonly string[] } | null) {
  if (row === null || row.values.length !== 2) return [];
  return [{ axis: row.name, values: [row.values[1]!, row.values[0]!] as const }];
}

const isValidation = (runs: readonly ReportRun[], name: string): boolean =>
  runs.some((run) => /^valid/.test(run.translations.get(name)?.split ?? ''));

/** Pairs `VALIDATION,lenpen=0.6` with `TEST,lenpen=0.6`. */
function tuningOf(
  tune: { readonly validation: string; readonly test: string } | null,
  translations: readonly string[],
): Tuning | null {
  if (tune === null) return null;
  const options = translations.flatMap((validation) => {
    if (validation !== tune.validation && !validation.startsWith(`${tune.validation},`)) return [];
    const test = `${tune.test}${validation.slice(tune.validation.length)}`;
    const name = validation.slice(tune.validation.length + 1);
    return translations.includes(test) ? [{ name, validation, test }] : [];
  });
  return options.length > 0 ? { options } : null;
}

/** A run's name among those of its system: `1` of `seed=1`. */
export const seedOf = (run: ReportRun): string => (run.values[REPLICATES] ?? '').replace(/^seed=/, '');

/** The translations of a system by this name, in the order of its runs. */
export const translationsOf = (system: System, name: string | null): ScoredTranslation[] =>
  system.runs.flatMap((run) => (name === null ? [] : (run.translations.get(name) ?? [])));

/** The translation by this name of a system's run with a seed. */
export const translationOf = ({ runs }: System, seed: string, name: string | null): ScoredTranslation | undefined =>
  name === null ? undefined : runs.find((run) => seedOf(run) === seed)?.translations.get(name);

/** Whether values on axes have those that are wanted. */
export const matches = (values: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([axis, value]) => values[axis] === value);

/** The score that a source published for a system, e.g. `35.50 ± 0.11`; undefined if it has none. */
export const publishedScoreOf = ({ scores }: PublishedScores, { values }: System): string | undefined =>
  scores.find((score) => matches(values, score.values))?.text;

/** The BLEU of each run of a system, for one translation. */
export const bleuOf = (system: System, name: string | null): number[] =>
  translationsOf(system, name).map(({ bleu }) => bleu);

/** What a translation would score if it were as long as its reference: the precisions alone. */
export const withoutBrevityPenalty = ({ bleu, brevityPenalty }: ScoredTranslation): number =>
  brevityPenalty === 0 ? 0 : bleu / brevityPenalty;

/** The parts of a name that not all `names` have: `beam 1` for `test,beam=1` beside `test,beam=5`. */
export function shortName(name: string, names: readonly string[]): string {
  const parts = name.split(',');
  const isShared = (part: string): boolean => names.length > 1 && names.every((one) => one.split(',').includes(part));
  const own = parts.filter((part) => !isShared(part));
  return (own.length > 0 ? own : parts).map((part) => part.replace('=', ' ')).join(', ');
}

/** `de-en: learning curves`, or `Learning curves` if there is only one group. */
export const captionOf = ({ name }: Group, text: string): string =>
  name === '' ? capitalized(text) : `${name}: ${text}`;
