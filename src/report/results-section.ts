import type { ReportedComparison } from './compare.js';
import { type Block, type Content, figureBlock, numberColumn, strong, tableBlock, textColumn } from './document.js';
import { figureId, legendOf } from './figure.js';
import { enumerate, fixed, MISSING, meanAndDeviation, meanOf, plural } from './numbers.js';
import { dotPlot } from './plot.js';
import {
  bleuOf,
  captionOf,
  type Group,
  publishedScoreOf,
  type Study,
  type System,
  seedOf,
  shortName,
  type Tuning,
  translationOf,
  translationsOf,
  withoutBrevityPenalty,
} from './study.js';

/** The most groups that a summary table has columns for. */
const MOST_COLUMNS = 6;

/** The table of the first screen: every system's BLEU. */
export function mainTable(study: Study): Block[] {
  const { groups } = study;
  if (study.main === null) return [];
  if (groups.length === 1 || groups.length > MOST_COLUMNS) return groups.map((group) => groupTable(study, group));
  const names = [...new Set(groups.flatMap(({ systems }) => systems.map(({ name }) => name)))];
  const cellOf = (name: string, { systems }: Group): Content => {
    const system = systems.find((one) => one.name === name);
    if (system === undefined) return MISSING;
    const values = bleuOf(system, study.main);
    const isShort = values.length > 0 && values.length < mostRuns(study);
    return `${meanAndDeviation(values, 2)}${isShort ? ` (${plural(values.length, 'run')})` : ''}`;
  };
  return [
    tableBlock({
      caption: `Tokenized BLEU${translationName(study)}: mean ± standard deviation of ${plural(mostRuns(study), 'run')}`,
      columns: [textColumn(study.rowAxis ?? ''), ...groups.map(({ name }) => numberColumn(name))],
      rows: names.map((name) => [[strong(name)], ...groups.map((group) => cellOf(name, group))]),
    }),
  ];
}

/** What others published for the same systems, one table per source. */
export function publishedTables({ published, groups, rowAxis }: Study): Block[] {
  return published.map((scores) => {
    const textOf = (system: System): string | undefined => publishedScoreOf(scores, system);
    const rows = [...new Set(groups.flatMap(({ systems }) => systems.map(({ name }) => name)))].map((name) => ({
      name,
      cells: groups.map(({ systems }) => systems.filter((system) => system.name === name).map(textOf)[0]),
    }));
    return tableBlock({
      caption: `Published: ${scores.source}`,
      columns: [textColumn(rowAxis ?? ''), ...groups.map(({ name }) => numberColumn(name || 'score'))],
      rows: rows
        .filter(({ cells }) => cells.some((cell) => cell !== undefined))
        .map(({ name, cells }) => [[strong(name)], ...cells.map((cell) => cell ?? MISSING)]),
    });
  });
}

/** The tables of single groups that the first screen does not have. */
export const groupTables = (study: Study): Block[] =>
  study.groups.length === 1 || study.groups.length > MOST_COLUMNS || study.main === null
    ? []
    : study.groups.map((group) => groupTable(study, group));

const mostRuns = ({ groups, main }: Study): number =>
  Math.max(...groups.flatMap(({ systems }) => systems.map((system) => bleuOf(system, main).length)));

/** `, beam 5` */
function translationName({ main, others }: Study): string {
  return others.length === 0 ? '' : `, ${shortName(main!, [main!, ...others])}`;
}

/** A column of a table with the means of systems. */
interface Measure {
  readonly title: string;
  readonly cell: (system: System) => Content;
}

function groupTable(study: Study, group: Group): Block {
  const measures = measuresOf(study, group);
  const signatures = new Set(
    group.systems.flatMap((system) =>
      translationsOf(system, study.main).flatMap(({ detokenized }) => detokenized?.signature ?? []),
    ),
  );
  const tuned = study.tuning === null ? [] : tuningNotes(study.tuning, group);
  return tableBlock({
    caption: captionOf(group, 'mean ± standard deviation over runs; BLEU is of tokens'),
    columns: [textColumn(study.rowAxis ?? ''), ...measures.map(({ title }) => numberColumn(title))],
    rows: group.systems.map((system) => [[strong(system.name)], ...measures.map(({ cell }) => cell(system))]),
    notes: [
      ...[...signatures].map((signature) => `sacreBLEU of detokenized text: ${signature}.`),
      'Brevity penalty and length ratio (translation / reference) are those of the first BLEU column; BLEU without the penalty is the geometric mean of the n-gram precisions.',
      ...tuned,
    ],
  });
}

function tuningNotes(tuning: Tuning, { systems }: Group): string[] {
  const values = tuning.options.map(({ name }) => name.replace('=', ' '));
  const note = `The tuned column takes, per system, the value with the highest mean BLEU on the validation data, of ${values.join(', ')}.`;
  const ends = [tuning.options[0], tuning.options.at(-1)];
  const atEnd = systems.filter((system) => ends.includes(tunedOption(system, tuning)));
  if (tuning.options.length < 3 || atEnd.length === 0) return [note];
  const names = atEnd.length === systems.length ? 'every system' : enumerate(atEnd.map(({ name }) => name));
  return [note, `For ${names} that is the first or the last value: a wider range may have a better one.`];
}

function measuresOf(study: Study, group: Group): Measure[] {
  const { main, others, tuning } = study;
  const names = [main!, ...others];
  const isDetokenized = group.systems.some((system) =>
    translationsOf(system, main).some(({ detokenized }) => detokenized !== null),
  );
  const bleu = (name: string): Measure => ({
    title: names.length === 1 ? 'BLEU' : `BLEU, ${shortName(name, names)}`,
    cell: (system) => meanAndDeviation(bleuOf(system, name), 2),
  });
  const scored = (title: string, digits: number, value: (translation: Scores) => number | null): Measure => ({
    title,
    cell: (system) =>
      meanAndDeviation(
        translationsOf(system, main).flatMap((translation) => value(translation) ?? []),
        digits,
      ),
  });
  return [
    ...names.map(bleu),
    ...(tuning === null ? [] : [{ title: 'BLEU, tuned', cell: (system: System) => tunedCell(system, tuning) }]),
    ...(isDetokenized
      ? [
          scored('sacreBLEU', 2, ({ detokenized }) => detokenized?.sacrebleu ?? null),
          scored('chrF', 2, ({ detokenized }) => detokenized?.chrf ?? null),
        ]
      : []),
    scored('BLEU without brevity penalty', 2, withoutBrevityPenalty),
    scored('brevity penalty', 3, ({ brevityPenalty }) => brevityPenalty),
    scored('length ratio', 3, ({ lengthRatio }) => lengthRatio),
    { title: 'runs', cell: (system) => String(bleuOf(system, main).length) },
  ];
}

type Scores = ReturnType<typeof translationsOf>[number];

/** The value of a system with the highest mean BLEU on the validation data; undefined if none was tried. */
function tunedOption(system: System, { options }: Tuning): Tuning['options'][number] | undefined {
  const scored = options.flatMap((option) => {
    const validation = bleuOf(system, option.validation);
    return validation.length === 0 ? [] : [{ option, mean: meanOf(validation) }];
  });
  if (scored.length === 0) return undefined;
  return scored.reduce((best, one) => (one.mean > best.mean ? one : best)).option;
}

/** `35.61 ± 0.10 (lenpen 0.6)` */
function tunedCell(system: System, tuning: Tuning): string {
  const option = tunedOption(system, tuning);
  if (option === undefined) return MISSING;
  return `${meanAndDeviation(bleuOf(system, option.test), 2)} (${option.name.replace('=', ' ')})`;
}

/** Every run's BLEU, as a figure and a table per group. */
export function seedsOf(study: Study): Block[] {
  if (study.main === null) return [];
  const hasSeeds = study.groups.some(({ systems }) => systems.some((system) => bleuOf(system, study.main).length > 1));
  return hasSeeds ? study.groups.flatMap((group) => seedBlocks(study, group)) : [];
}

function seedBlocks(study: Study, group: Group): Block[] {
  const scored = group.systems.filter((system) => bleuOf(system, study.main).length > 0);
  if (scored.length === 0) return [];
  const seeds = [...new Set(group.systems.flatMap(({ runs }) => runs.map(seedOf)))];
  const legend = legendOf(group.systems.map(({ name }) => name));
  const rows = scored.map((system) => {
    const dots = bleuOf(system, study.main);
    const { color } = legend[group.systems.indexOf(system)]!;
    return { name: system.name, color, dots, center: meanOf(dots), interval: null };
  });
  const cellOf = (system: System, seed: string): string => {
    const score = translationOf(system, seed, study.main);
    return score === undefined ? MISSING : fixed(score.bleu, 2);
  };
  return [
    figureBlock({
      id: figureId('seeds', group.name),
      caption: captionOf(group, 'BLEU of every seed (circles) and the mean (bar)'),
      legend: [],
      panels: [dotPlot({ title: '', xLabel: 'BLEU', rows })],
    }),
    tableBlock({
      caption: captionOf(group, 'BLEU of every seed'),
      columns: [textColumn(study.rowAxis ?? ''), ...seeds.map((seed) => numberColumn(`seed ${seed}`))],
      rows: group.systems.map((system) => [[strong(system.name)], ...seeds.map((seed) => cellOf(system, seed))]),
    }),
  ];
}

/** A note on the state of a study whose runs are not all done. */
export function progressNote({ runs }: Study, comparisons: readonly ReportedComparison[]): string | null {
  const planned = runs.filter(({ state }) => state !== 'log');
  const done = planned.filter(({ state }) => state === 'done').length;
  if (done === planned.length) return null;
  const waiting = comparisons.filter(({ result }) => result === null).length;
  const rest = waiting === 0 ? '' : `; ${waiting} of ${plural(comparisons.length, 'comparison')} cannot be made yet`;
  return `The sweep is not finished: ${done} of ${plural(planned.length, 'run')} are done${rest}.`;
}
