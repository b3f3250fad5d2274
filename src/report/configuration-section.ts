import { type CommandOptions, REPLICATES } from '../experiments/sweep-plan.js';
import { formatDuration } from '../experiments/sweep-progress.js';
import { type Block, type Content, code, heading, list, strong, tableBlock, textColumn } from './document.js';
import { enumerate, grouped, meanOf, plural } from './numbers.js';
import type { ReportRun } from './report-run.js';
import type { Study } from './study.js';

/** Options of one run by name, e.g. `train --lr`. */
type Settings = ReadonlyMap<string, string>;

interface ConfiguredRun {
  readonly run: ReportRun;
  readonly settings: Settings;
}

/** How the runs were made: what all share, what each value of an axis adds, and what computed them. */
export function configurationSection(study: Study): Block[] {
  const configured = study.runs.flatMap((run): ConfiguredRun[] => {
    const settings = settingsOf(run);
    return settings.size === 0 ? [] : [{ run, settings }];
  });
  const origin = originItems(study.runs);
  if (configured.length === 0 && origin.length === 0) return [];
  return [
    heading('Configuration'),
    ...sharedTable(configured),
    ...addedTable(configured),
    ...resolvedTable(study.runs),
    ...(origin.length === 0 ? [] : [heading('Versions and machine', 3), list(origin)]),
  ];
}

function settingsOf({ data, options }: ReportRun): Settings {
  const settings = new Map<string, string>(data === null ? [] : [['data', data]]);
  const add = (command: string, values: CommandOptions | null): void => {
    for (const [name, value] of Object.entries(values ?? {})) {
      settings.set(`${command} --${name.replaceAll('_', '-')}`, textOf(value));
    }
  };
  if (options === null) return settings;
  add('train', options.train);
  add('average-checkpoints', options.average);
  for (const [name, values] of Object.entries(options.generate)) add(`generate ${name}:`, values);
  add('analyze', options.analyze);
  return settings;
}

const textOf = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value));

/** The settings that all runs have in common. */
function sharedSettings(configured: readonly ConfiguredRun[]): [string, string][] {
  const [first, ...others] = configured;
  return [...(first?.settings ?? [])].filter(([name, value]) =>
    others.every(({ settings }) => settings.get(name) === value),
  );
}

function sharedTable(configured: readonly ConfiguredRun[]): Block[] {
  const shared = sharedSettings(configured);
  if (shared.length === 0) return [];
  const commands = new Map<string, string[]>();
  for (const [name, value] of shared) {
    const [command, flag] = name.includes(' --') ? splitFlag(name) : [name, ''];
    commands.set(command, [...(commands.get(command) ?? []), flag === '' ? value : flagText(flag, value)]);
  }
  return [
    tableBlock({
      caption: configured.length === 1 ? 'Options of the run' : 'Options that all runs share',
      columns: [textColumn('step'), textColumn('options')],
      rows: [...commands].map(([command, flags]) => [[strong(command)], codeList(flags)]),
    }),
  ];
}

function splitFlag(name: string): [string, string] {
  const at = name.indexOf(' --');
  return [name.slice(0, at).replace(/:$/, ''), name.slice(at + 1)];
}

/** `--lr 0.005`, `--share-all-embeddings`, `without --share-all-embeddings` */
function flagText(flag: string, value: string): string {
  if (flag === '--checkpoint') return `checkpoint: ${value}`; // an entry of sweep files that no command has as a flag
  return value === 'true' ? flag : value === 'false' ? `without ${flag}` : `${flag} ${value}`;
}

const codeList = (texts: readonly string[]): Content =>
  texts.flatMap((text, index) => (index === 0 ? [code(text)] : [', ', code(text)]));

/** What each value of each axis adds to the shared options. */
function addedTable(configured: readonly ConfiguredRun[]): Block[] {
  const shared = new Set(sharedSettings(configured).map(([name]) => name));
  const varying = [...new Set(configured.flatMap(({ settings }) => [...settings.keys()]))].filter(
    (name) => !shared.has(name),
  );
  if (varying.length === 0) return [];
  const axes = Object.keys(configured[0]!.run.values);
  const rows = axes.flatMap((axis) => {
    const values = [...new Set(configured.map(({ run }) => run.values[axis]!))];
    const own = varying.filter((name) => axisOf(name, axes, configured) === axis);
    if (axis === REPLICATES)
      return [
        [
          axis,
          [strong(values.map((value) => value.replace(/^seed=/, '')).join(', '))],
          codeList(own.map((name) => name.replace(/^train /, ''))),
        ],
      ];
    return values.map((value) => {
      const { settings } = configured.find(({ run }) => run.values[axis] === value)!;
      return [axis, [strong(value)], codeList(own.flatMap((name) => addedText(name, settings.get(name))))];
    });
  });
  const unexplained = varying.filter((name) => axisOf(name, axes, configured) === null);
  const others = configured.flatMap(({ run, settings }) => {
    const own = unexplained.flatMap((name) => addedText(name, settings.get(name)));
    return own.length === 0 ? [] : [['run', [strong(run.name)], codeList(own)]];
  });
  return [
    tableBlock({
      caption: 'What the values of the grid add',
      columns: [textColumn('axis'), textColumn('value'), textColumn('options')],
      rows: [...rows, ...others],
    }),
  ];
}

function addedText(name: string, value: string | undefined): string[] {
  if (value === undefined) return [];
  if (!name.includes(' --')) return [`${name} ${value}`];
  const [command, flag] = splitFlag(name);
  return [command === 'train' ? flagText(flag, value) : `${command}: ${flagText(flag, value)}`];
}

/** The first axis whose value decides an option; null if it takes several axes. */
function axisOf(name: string, axes: readonly string[], configured: readonly ConfiguredRun[]): string | null {
  const decides = (axis: string): boolean => {
    const values = new Map<string, string | undefined>();
    return configured.every(({ run, settings }) => {
      const value = run.values[axis]!;
      if (!values.has(value)) values.set(value, settings.get(name));
      return values.get(value) === settings.get(name);
    });
  };
  return axes.find(decides) ?? null;
}

/** Options that are paths or say how a training reports, which do not change its result. */
const INCIDENTAL = /^(save_dir|log_file|log_format|log_interval|no_progress_bar|tensorboard_logdir|user_dir|threads)$/;

/** Every training option that all runs share, including defaults. */
function resolvedTable(runs: readonly ReportRun[]): Block[] {
  const resolved = runs.flatMap((run) => (run.resolved === null ? [] : [run.resolved]));
  const [first, ...others] = resolved;
  if (first === undefined) return [];
  const names = Object.keys(first).filter(
    (name) =>
      !INCIDENTAL.test(name) &&
      first[name] !== null &&
      others.every((one) => textOf(one[name]) === textOf(first[name])),
  );
  const flags = names.sort().map((name) => `${name.replaceAll('_', '-')} ${textOf(first[name])}`);
  return [
    tableBlock({
      caption: `Every option of the training with its value, defaults included${others.length === 0 ? '' : ', as far as all runs share it'}`,
      columns: [textColumn('step'), textColumn('options')],
      rows: [[[strong('train')], codeList(flags)]],
    }),
  ];
}

function originItems(runs: readonly ReportRun[]): Content[] {
  const known = runs.flatMap(({ provenance, resumedBy }) => [provenance ?? [], resumedBy].flat());
  const trainings = runs.flatMap(({ training }) => training ?? []);
  const distinct = (values: readonly (string | null)[]): string[] => [
    ...new Set(values.filter((value): value is string => value !== null)),
  ];
  const times = timesOf(runs);
  const items: (readonly [string, readonly string[]])[] = [
    ['ts-fairseq', distinct(known.map(({ version }) => version))],
    ['Commit', distinct(known.map(({ commit }) => commit))],
    ['Node.js', distinct(known.map(({ node }) => node))],
    ['Processor', distinct(known.map(({ processor }) => processor))],
    ['Device', distinct(trainings.map(({ device }) => device?.replace(/^device /, '') ?? null))],
    ['Parameters', distinct(trainings.map(({ parameters }) => (parameters === null ? null : grouped(parameters))))],
    ['Time', times],
  ];
  return items.flatMap(([name, values]) => (values.length === 0 ? [] : [[strong(name), `: ${values.join('; ')}`]]));
}

/** `40 runs of 21 min on average: train 20 min, generate 1 min` */
function timesOf(runs: readonly ReportRun[]): string[] {
  const timed = runs.filter(({ seconds }) => Object.keys(seconds).length > 0);
  if (timed.length === 0) return [];
  const steps = [...new Set(timed.flatMap(({ seconds }) => Object.keys(seconds)))];
  const total = meanOf(timed.map(({ seconds }) => Object.values(seconds).reduce((sum, value) => sum + value, 0)));
  const means = steps.map((step) => {
    const mean = meanOf(timed.flatMap(({ seconds }) => seconds[step] ?? []));
    return `${step} ${formatDuration(mean)}`;
  });
  const average = timed.length === 1 ? '' : ' on average';
  return [`${plural(timed.length, 'run')} of ${formatDuration(total)}${average} (${enumerate(means)})`];
}
