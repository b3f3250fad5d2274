import { UserError } from '../errors.js';
import { readComparisons, readPublished, readTuning } from './read-description.js';
import {
  type CommandOptions,
  type GridPoint,
  gridOf,
  optionOf,
  product,
  type RunPlan,
  type SweepPlan,
  usesProbe,
} from './sweep-plan.js';
import { checkKnown, mapping } from './yaml-entries.js';

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
  const settings = [base, ...axes.flatMap(([, values]) => [...values.values()])];
  const translations = [...new Set(settings.flatMap(({ generate = {} }) => Object.keys(generate)))];
  return {
    title: title === undefined ? null : String(title),
    output,
    axes: described,
    compare: readComparisons(path, described, compare),
    tune: tune === undefined ? null : readTuning(path, tune, translations),
    published: Object.entries(mapping(path, 'published', published)).map(([source, scores]) => ({
      source,
      scores: readPublished(`${path}: published: ${source}`, described, scores),
    })),
    runs,
  };
}

/** The settings that each value of an axis adds, by the value's name. */
function readAxis(where: string, axis: string, values: unknown): ReadonlyMap<string, Settings> {
  const named = Array.isArray(values)
    ? new Map(values.map((value: unknown) => [`${axis}=${String(value)}`, { train: { [axis]: value } }]))
    : new Map(Object.entries(mapping(where.replace(/: [^:]*$/, ''), axis, values)));
  if (Array.isArray(values)) checkDistinct(where, values);
  if (named.size === 0) throw new UserError(`${where} has no values`, 'list some, or remove it');
  for (const name of named.keys()) {
    if (!isFolderName(name)) throw new UserError(`${where}: '${name}' cannot be part of a folder's name`, PLAIN_NAME);
  }
  return new Map([...named].map(([name, value]) => [name, readSettings(`${where}: ${name}`, value ?? {})]));
}

/** Names of folders and of their parts. The comma joins them. */
const isFolderName = (name: string): boolean => /^[\w.+=-]+$/.test(name) && name !== '.' && name !== '..';

const PLAIN_NAME = "use letters, digits and '.', '+', '=', '-', '_'";

function checkDistinct(where: string, values: readonly unknown[]): void {
  const texts = values.map(String);
  const twice = texts.find((text, index) => texts.indexOf(text) < index);
  if (twice !== undefined) throw new UserError(`${where} lists ${twice} twice`, 'remove one of them');
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
      translations.map(([name, options]) => [name, readTranslation(`${where}: generate`, name, options)]),
    );
  }
  return settings;
}

/** The options of a translation. Its name, and the values of its lists, become the names of folders. */
function readTranslation(where: string, name: string, value: unknown): CommandOptions {
  if (!isFolderName(name)) throw new UserError(`${where}: '${name}' cannot be the name of a folder`, PLAIN_NAME);
  const options = readOptions(where, name, value, 'generate');
  for (const [option, setting] of Object.entries(options)) {
    if (!Array.isArray(setting)) continue;
    checkDistinct(`${where}: ${name}: ${option}`, setting);
    const odd = setting.find((one) => !isFolderName(String(one)));
    if (odd !== undefined) {
      throw new UserError(
        `${where}: ${name}: ${option}: '${odd}' cannot be part of a folder's name`,
        'write a translation of its own for each value',
      );
    }
  }
  return options;
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
    if (Array.isArray(setting) && setting.length === 0) {
      throw new UserError(`${where}: ${name}: ${option} is an empty list`, 'give it a value, or remove it');
    }
  }
  return options as CommandOptions;
}

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
