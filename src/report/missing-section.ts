import { type Block, type Content, heading, list, strong } from './document.js';
import { enumerate, plural } from './numbers.js';
import type { ReportRun } from './report-run.js';
import type { Study } from './study.js';

/** The most names that a line lists. */
const MOST_NAMES = 8;

/** What the report would say with more data, and what to know about the data it has. */
export function missingSection(study: Study): Block[] {
  const items = [...stateItems(study.runs), ...dataItems(study), ...commitItems(study.runs)];
  return items.length === 0 ? [] : [heading('What is missing'), list(items)];
}

function stateItems(runs: readonly ReportRun[]): Content[] {
  const of = (state: ReportRun['state']): ReportRun[] => runs.filter((run) => run.state === state);
  const failed = of('failed').map(
    ({ name, error }): Content => [strong(name), ` failed: ${error ?? 'no reason is recorded'}`],
  );
  return [
    ...failed,
    ...named(of('running'), 'has not finished', 'have not finished'),
    ...named(of('waiting'), 'has not finished', 'have not finished'),
  ];
}

function named(runs: readonly ReportRun[], one: string, several: string): Content[] {
  if (runs.length === 0) return [];
  const names = runs.slice(0, MOST_NAMES).map(({ name }) => name);
  const more = runs.length > MOST_NAMES ? [`${runs.length - MOST_NAMES} more`] : [];
  return [`${plural(runs.length, 'run')} ${runs.length === 1 ? one : several}: ${enumerate([...names, ...more])}.`];
}

function dataItems({ runs, main }: Study): Content[] {
  const ended = runs.filter(({ state }) => state === 'done' || state === 'log');
  const without = (isMissing: (run: ReportRun) => boolean): ReportRun[] => ended.filter(isMissing);
  const analyzed = ended.some(({ analysis }) => analysis !== null);
  const unanalyzed = without(({ analysis }) => analysis === null);
  return [
    ...named(without(hasNoTranslation(main)), 'has no scored translations', 'have no scored translations'),
    ...named(
      without(({ training }) => training === null || training.epochs.length === 0),
      'has no log of its training',
      'have no log of their training',
    ),
    ...(analyzed
      ? named(unanalyzed, 'has no analysis', 'have no analysis')
      : ['No run has an analysis; ts-fairseq analyze makes them.']),
    ...(main !== null && ended.every(({ translations }) => (translations.get(main)?.path ?? null) === null)
      ? ['The texts of the translations are not there, so none are compared.']
      : []),
    ...named(
      without((run) => main !== null && run.translations.get(main)?.detokenized === null),
      'has no sacreBLEU and chrF, because nothing says how its references are detokenized',
      'have no sacreBLEU and chrF, because nothing says how their references are detokenized',
    ),
  ];
}

const hasNoTranslation =
  (main: string | null) =>
  ({ translations }: ReportRun): boolean =>
    main === null || !translations.has(main);

function commitItems(runs: readonly ReportRun[]): Content[] {
  const known = runs.flatMap(({ provenance, resumedBy }) => [provenance ?? [], resumedBy].flat());
  const commits = [...new Set(known.flatMap(({ commit }) => commit ?? []))];
  const isDirty = commits.some((commit) => commit.endsWith('-dirty'));
  return [
    ...(commits.length > 1 ? [`The runs are of ${commits.length} commits: ${enumerate(commits)}.`] : []),
    ...named(
      runs.filter(({ resumedBy }) => resumedBy.length > 0),
      'was resumed by another commit, version or machine',
      'were resumed by another commit, version or machine',
    ),
    ...(isDirty ? ['A commit that ends in -dirty had files that differed from it.'] : []),
  ];
}
