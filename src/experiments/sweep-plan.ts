import { UserError } from '../errors.js';
import { checkKnown, mapping } from './yaml-entries.js';

/** Options of a command as a sweep file gives them: names as on the command line, without the dashes. */
export type CommandOptions = Readonly<Record<string, OptionValue>>;
/** The value of an option in a sweep file. */
export type OptionValue = string | number | boolean | readonly (string | number)[];

/** The value of an option of several words, which a sweep file may join with `-` or `_`. */
export const optionOf = (options: CommandOptions, name: string): OptionValue | undefined =>
  options[name] ?? options[name.replaceAll('-', '_')];

/** Whether a translation is made with the probe that `analyze` trains: `checkpoint: probe` in a sweep file. */
export const usesProbe = ({ checkpoint }: CommandOptions): boolean => checkpoint === 'probe';

/** What a sweep file describes. */
export interface SweepPlan extends SweepDescription {
  /** The folder that gets one folder per run. */
  readonly output: string;
  /** Every combination of one value per axis; the last axis changes fastest. */
  readonly runs: readonly RunPlan[];
}

/** What a report says of a sweep beside its runs; `sweep.json` in its folder. */
export interface SweepDescription {
  readonly title: string | null;
  readonly axes: readonly Axis[];
  /** The planned comparisons: pairs of values of an axis, the system that should be better first. */
  readonly compare: readonly PlannedComparison[];
  /** The translations, by their names before lists are tried, of which the best on `validation` counts on `test`. */
  readonly tune: { readonly validation: string; readonly test: string } | null;
  readonly published: readonly PublishedScores[];
}

/** Scores that others published for systems of the grid. A report shows them as they are and compares nothing with them. */
export interface PublishedScores {
  readonly source: string;
  readonly scores: readonly PublishedScore[];
}

/** The score of the systems with these values on some of the axes. */
export interface PublishedScore {
  readonly values: Readonly<Record<string, string>>;
  readonly text: string; // e.g. `35.50 ± 0.11`
}

/** Two values of an axis that the report compares. */
export interface PlannedComparison {
  readonly axis: string;
  readonly values: readonly [string, string];
}

/** One dimension of the grid: its name and the names of its values. */
export interface Axis {
  readonly name: string;
  readonly values: readonly string[];
}

/** One combination of the grid: train, average, generate, analyze. */
export interface RunPlan {
  /** The name of its folder, e.g. `de-en,el-ls,seed=3`. */
  readonly name: string;
  /** The name of its value on each axis. */
  readonly values: Readonly<Record<string, string>>;
  /** The data folder of `preprocess`. */
  readonly data: string;
  readonly train: CommandOptions;
  /** null: the best checkpoint translates. */
  readonly average: CommandOptions | null;
  /** How references and translations become text for sacreBLEU and chrF: Moses's detokenizer, or null for not at all. */
  readonly detokenize: 'moses' | null;
  /** The options of each translation, by the name of its folder; with `checkpoint: probe`, the analysis's probe translates. */
  readonly generate: Readonly<Record<string, CommandOptions>>;
  readonly analyze: CommandOptions | null;
}

/** Settings of a run, or the part of them that a value of an axis adds. */
interface Settings {
  data?: string;
  train?: CommandOptions;
  average?: CommandOptions;
  detokenize?: 'moses';
  generate?: Readonly<Record<string, CommandOptions>>;
  analyze?: CommandOptions;
}

const SECTIONS = ['data', 'train', 'average-checkpoints', 'detokenize', 'generate', 'analyze'] as const;

/** Options that the sweep sets for each run. */
const OWN_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  train: ['save-dir', 'log-file', 'log-format', 'threads', 'config'],
  'average-checkpoints': ['inputs', 'output', 'config'],
  generate: ['path', 'results-path', 'quiet', 'threads', 'config'],
  analyze: ['path', 'data', 'output', 'threads', 'config'],
};

/**
 * Reads the entries of a sweep file:
 *
 *     output: runs/multi30k
 *     data: data-bin/multi30k.de-en
 *     train: { arch: transformer, lr: 5e-3 }        # options of every run
 *     average-checkpoints: { num-epoch-checkpoints: 10 }
 *     detokenize: moses                             # for sacreBLEU and chrF
 *     generate:
 *       test: { beam: [5, 1], remove-bpe: true }    # a list translates once with each of its values
 *       probe: { checkpoint: probe, beam: 5 }       # with the probe that analyze trains
 *     analyze: { probe-epochs: 3 }
 *     grid:
 *       criterion:                                  # the values of an axis add to the settings above
 *         ce: { train: { criterion: cross_entropy } }
 *         el: { train: { criterion: encouraging } }
 *       seed: [1, 2, 3]                             # short for { 'seed=1': { train: { seed: 1 } }, … }
 *     compare: { criterion: [[el, ce]] }            # planned comparisons, for the report
 *     published:                                    # scores of others, for the report
 *       the paper: { ce: 35.09, el: 35.50 ± 0.11 }
 *
 * @param path the file's name, for messages
 * @throws UserError that names the entry at fault
 */
export function parseSweep(path: string, entries: ReadonlyMap<string, unknown>): SweepPlan {
  const names = ['title', 'output', 'grid', 'compare', 'tune', 'published', ...SECTIONS];
  for (const name of entries.keys()) checkKnown(path, name, names);
  const output = entries.get('output');
  if (typeof output !== 'string' || output === '') {
    throw new UserError(`${path}: output is missing`, 'name the folder for the runs, e.g. output: runs/sweep');
  }
  const {
    grid: gridEntry = {},
    title,
    output: _,
    compare = {},
    tune,
    published = {},
    ...shared
  } = Object.fromEntries(entries);
  const axes = Object.entries(mapping(path, 'grid', gridEntry)).map(
    ([name, values]) => [name, readAxis(`${path}: grid: ${name}`, name, values)] as const,
  );
  const base = readSettings(path, shared);
  const described = axes.map(([name, values]) => ({ name, values: [...values.keys()] }));
  const runs = gridOf(described).map((point) => {
    const added = axes.map(([axis, values]) => values.get(point.values[axis]!)!);
    return planOf(path, base, point, added);
  });
  return {
    title: title === undefined ? null : String(title),
    output,
    axes: described,
    compare: readComparisons(path, described, compare),
    tune: tune === undefined ? null : readTuning(path, tune, base.generate ?? {}),
    published: Object.entries(mapping(path, 'published', published)).map(([source, scores]) => ({
      source,
      scores: readPublished(`${path}: published: ${source}`, described, scores),
    })),
    runs,
  };
}

/** `compare: { criterion: [[el, ce], [el-ls, ce-ls]] }` */
function readComparisons(path: string, axes: readonly Axis[], value: unknown): PlannedComparison[] {
  return Object.entries(mapping(path, 'compare', value)).flatMap(([name, pairs]) => {
    const where = `${path}: compare: ${name}`;
    const axis = axes.find((one) => one.name === name);
    checkKnown(
      `${path}: compare`,
      name,
      axes.map((one) => one.name),
    );
    if (!Array.isArray(pairs)) throw new UserError(`${where} is not a list of pairs`, 'write [[better, worse], …]');
    return pairs.map((pair: unknown) => {
      if (!Array.isArray(pair) || pair.length !== 2) {
        throw new UserError(`${where}: ${JSON.stringify(pair)} is not a pair`, 'write [better, worse]');
      }
      for (const one of pair) checkKnown(where, String(one), axis!.values);
      return { axis: name, values: [String(pair[0]), String(pair[1])] as const };
    });
  });
}

/** `tune: { validation: lenpen-valid, test: lenpen-test }` */
function readTuning(path: string, value: unknown, generate: object): { validation: string; test: string } {
  const { validation, test, ...others } = mapping(path, 'tune', value);
  for (const name of Object.keys(others)) checkKnown(`${path}: tune`, name, ['validation', 'test']);
  for (const name of [validation, test]) checkKnown(`${path}: tune`, String(name), Object.keys(generate));
  return { validation: String(validation), test: String(test) };
}

/** `{ de-en: { ce: 35.09, el: 35.50 ± 0.11 } }`: every name is a value of another axis. */
function readPublished(where: string, axes: readonly Axis[], entry: unknown): PublishedScore[] {
  return Object.entries(mapping(where, null, entry)).flatMap(([name, score]) => {
    checkKnown(
      where,
      name,
      axes.flatMap(({ values }) => values),
    );
    const axis = axes.find(({ values }) => values.includes(name))!;
    if (typeof score === 'string' || typeof score === 'number') {
      return [{ values: { [axis.name]: name }, text: String(score) }];
    }
    const others = axes.filter((one) => one !== axis);
    return readPublished(`${where}: ${name}`, others, score).map(({ values, text }) => ({
      values: { [axis.name]: name, ...values },
      text,
    }));
  });
}

/** The settings that each value of an axis adds, by the value's name. */
function readAxis(where: string, axis: string, values: unknown): ReadonlyMap<string, Settings> {
  const named = Array.isArray(values)
    ? new Map(values.map((value: unknown) => [`${axis}=${String(value)}`, { train: { [axis]: value } }]))
    : new Map(Object.entries(mapping(where.replace(/: [^:]*$/, ''), axis, values)));
  if (Array.isArray(values) && named.size < values.length) {
    throw new UserError(`${where} lists a value twice`, 'remove the duplicate');
  }
  if (named.size === 0) throw new UserError(`${where} has no values`, 'list some, or remove it');
  for (const name of named.keys()) {
    if (!/^[\w.+=-]+$/.test(name)) {
      throw new UserError(
        `${where}: '${name}' cannot be part of a folder's name`,
        "use letters, digits and '.', '+', '=', '-', '_'",
      );
    }
  }
  return new Map([...named].map(([name, value]) => [name, readSettings(`${where}: ${name}`, value ?? {})]));
}

function readSettings(where: string, value: unknown): Settings {
  const entries = mapping(where, null, value);
  for (const name of Object.keys(entries)) checkKnown(where, name, SECTIONS);
  const { data, train, 'average-checkpoints': average, detokenize, generate, analyze } = entries;
  const settings: Settings = {};
  if (data !== undefined) {
    if (typeof data !== 'string') throw new UserError(`${where}: data is not the name of a folder`, 'give one');
    settings.data = data;
  }
  if (train !== undefined) settings.train = readOptions(where, 'train', train);
  if (average !== undefined) settings.average = readOptions(where, 'average-checkpoints', average);
  if (analyze !== undefined) settings.analyze = readOptions(where, 'analyze', analyze);
  if (detokenize !== undefined) {
    if (detokenize !== 'moses')
      throw new UserError(`${where}: detokenize must be moses`, 'change it to moses, or remove it');
    settings.detokenize = detokenize;
  }
  if (generate !== undefined) {
    const translations = Object.entries(mapping(where, 'generate', generate));
    settings.generate = Object.fromEntries(
      translations.map(([name, options]) => [name, readOptions(`${where}: generate`, name, options, 'generate')]),
    );
  }
  return settings;
}

function readOptions(where: string, name: string, value: unknown, command = name): CommandOptions {
  const options = mapping(where, name, value);
  if (command === 'generate' && !['probe', undefined].includes(options.checkpoint as string | undefined)) {
    throw new UserError(`${where}: ${name}: checkpoint must be probe`, 'change it to probe, or remove it');
  }
  for (const [option, setting] of Object.entries(options)) {
    const spelled = option.replaceAll('_', '-');
    if (OWN_OPTIONS[command]!.includes(spelled)) {
      throw new UserError(`${where}: ${name}: the sweep sets ${spelled} itself`, 'remove it');
    }
    if (command === 'generate' && spelled === 'tokenizer') {
      throw new UserError(
        `${where}: ${name}: with tokenizer, generate detokenizes the references, whose tokens are scored`,
        'remove it, and add detokenize: moses to the sweep for sacreBLEU and chrF',
      );
    }
    const isScalar = (one: unknown): boolean => typeof one === 'string' || typeof one === 'number';
    const isOption = isScalar(setting) || typeof setting === 'boolean';
    if (!isOption && !(Array.isArray(setting) && setting.every(isScalar))) {
      throw new UserError(
        `${where}: ${name}: ${option} must be text, a number, true, false or a list of texts or numbers`,
        'change it',
      );
    }
  }
  return options as CommandOptions;
}

/** One combination of a grid: the name of its run and of its value on each axis. */
export type GridPoint = Pick<RunPlan, 'name' | 'values'>;

/** Every combination of one value per axis; the last axis changes fastest. */
export const gridOf = (axes: readonly Axis[]): GridPoint[] =>
  product(axes.map(({ values }) => values)).map((chosen) => ({
    name: chosen.join(',') || 'run',
    values: Object.fromEntries(chosen.map((value, index) => [axes[index]!.name, value])),
  }));

function planOf(path: string, base: Settings, { name, values }: GridPoint, added: readonly Settings[]): RunPlan {
  const merged = added.reduce(merge, base);
  if (merged.data === undefined) {
    throw new UserError(`${path}: run ${name} has no data`, 'give data: FOLDER, at the top or in a value of the grid');
  }
  const { analyze = null, generate = {} } = merged;
  const probing = Object.entries(generate).find(([, options]) => usesProbe(options));
  if (probing !== undefined && !(Number(optionOf(analyze ?? {}, 'probe-epochs') ?? 0) > 0)) {
    throw new UserError(
      `${path}: run ${name}: the translation ${probing[0]} needs a probe`,
      'add probe-epochs to analyze, e.g. analyze: { probe-epochs: 3 }',
    );
  }
  return {
    name,
    values,
    data: merged.data,
    train: merged.train ?? {},
    average: merged.average ?? null,
    detokenize: merged.detokenize ?? null,
    generate: expandLists(generate),
    analyze,
  };
}

/** The settings of both; where both have an option, that of `b`. */
function merge(a: Settings, b: Settings): Settings {
  const merged: Settings = { ...a, ...b };
  for (const section of ['train', 'average', 'analyze'] as const) {
    if (a[section] !== undefined && b[section] !== undefined) merged[section] = { ...a[section], ...b[section] };
  }
  if (a.generate !== undefined && b.generate !== undefined) {
    const names = new Set([...Object.keys(a.generate), ...Object.keys(b.generate)]);
    merged.generate = Object.fromEntries(
      [...names].map((name) => [name, { ...a.generate?.[name], ...b.generate?.[name] }]),
    );
  }
  return merged;
}

/** `{ test: { beam: [5, 1] } }` → `{ 'test,beam=5': { beam: 5 }, 'test,beam=1': { beam: 1 } }` */
function expandLists(generate: Readonly<Record<string, CommandOptions>>): Readonly<Record<string, CommandOptions>> {
  const expanded = Object.entries(generate).flatMap(([name, options]) => {
    const lists = Object.entries(options).flatMap(([option, value]) =>
      Array.isArray(value) ? [value.map((one: string | number) => ({ option, value: one }))] : [],
    );
    return product(lists).map((chosen) => {
      const suffix = chosen.map(({ option, value }) => `,${option}=${value}`).join('');
      const values = Object.fromEntries(chosen.map(({ option, value }) => [option, value]));
      return [`${name}${suffix}`, { ...options, ...values }] as const;
    });
  });
  return Object.fromEntries(expanded);
}

/** Every way to take one element from each list; the last list changes fastest. */
function product<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((rows, list) => rows.flatMap((row) => list.map((one) => [...row, one])), [[]]);
}
