import { Command, CommanderError, Help, Option } from 'commander';
import type { Workers } from '../distributed/workers.js';
import { InternalError, UserError } from '../errors.js';
import { parseOptionValue } from '../options/parse.js';
import { flagOf, type OptionSchema, type OptionSpec, type OptionsOf, type OptionValues } from '../options/schema.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import { type ConfigFile, configOption, configValues, formatConfig, readConfigFile } from './options/config-file.js';
import { type IgnoredOptions, ignoredAsTyped, ignoredSchema } from './options/ignored-options.js';
import { quoted } from './output/shell-line.js';
import { blamePlugin } from './plugins/plug-in-errors.js';
import { commandLine } from './program.js';
import type { withWorkers } from './workers.js';

/** A positional argument of a command. */
export interface ArgumentSpec {
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  readonly variadic?: boolean;
}

/** The options of a selected plug-in, listed under its title in `--help`. */
export interface OptionSection {
  readonly title: string;
  readonly schema: OptionSchema;
  /** Defaults that override the schema's, e.g. those of an architecture. */
  readonly defaults?: OptionValues;
}

/** A parsed command line. */
export interface Invocation<S extends OptionSchema> {
  readonly args: readonly string[];
  readonly options: OptionsOf<S>;
  /** The values of the command's own options and of every section of `extend`, by key. */
  readonly all: OptionValues;
  /** Keys that the user set, on the command line or with --config; they override the values that a checkpoint records. */
  readonly explicitKeys: ReadonlySet<string>;
  /** The `ignored` options that the user set, as typed; for `warnOfIgnored` after the log has started. */
  readonly ignored: readonly string[];
  /** All options as a file for --config. */
  formatConfig(): Promise<string>;
}

/** A command of `ts-fairseq`: its arguments, options and help, and the function that runs it. */
export interface CommandDefinition<S extends OptionSchema = OptionSchema> {
  readonly name: string;
  /** One or more sentences below the usage line. */
  readonly description: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options: S;
  /** Example command lines at the end of the help. */
  readonly examples?: readonly string[];
  /** Returns the options of the plug-ins that the command line selects. */
  extend?(selected: OptionsOf<S>): Promise<readonly OptionSection[]>;
  /** Flags of the original tool that are not supported, each with what to do instead: `'--lm-path': 'rescore …'`. */
  readonly unsupported?: Readonly<Record<string, string>>;
  /** fairseq's options that are accepted without effect; `--help` does not show them. */
  readonly ignored?: IgnoredOptions;
  /** The choices of plug-ins that have an otherwise unknown long flag, e.g. `--criterion encouraging`. */
  choicesWith?(flag: string): readonly string[];
  /** Joins the processes that share the work; absent if the command runs in one. Such a command has `distributedOptions`. */
  readonly withWorkers?: typeof withWorkers;
  /** @param workers the processes that share the work; only with `withWorkers` */
  run(invocation: Invocation<S>, workers?: Workers): Promise<void>;
}

/** Makes a command and infers the types of its options. */
export function defineCommand<const S extends OptionSchema>(definition: CommandDefinition<S>): CommandDefinition<S> {
  return definition;
}

interface Declared {
  readonly key: string;
  readonly spec: OptionSpec;
  /** Every spelling of the option, in the order in which they were set; those that were not set come first. */
  readonly options: readonly Option[];
}

/** Parses and runs one command; `argv` are the words after the command's name. */
export async function runCommand<S extends OptionSchema>(
  definition: CommandDefinition<S>,
  argv: readonly string[],
): Promise<void> {
  const first = (async () => readLeniently(definition, argv, null))();
  if (definition.withWorkers === undefined) return parseAndRun(definition, argv, first);
  const timeout = first.then(
    ({ heartbeatTimeout }) => Number(heartbeatTimeout),
    () => 0, // `parseAndRun` throws it
  );
  await definition.withWorkers(await timeout, (workers) => parseAndRun(definition, argv, first, workers));
}

/** @param first the command's own options */
async function parseAndRun<S extends OptionSchema>(
  definition: CommandDefinition<S>,
  argv: readonly string[],
  first: Promise<OptionValues>,
  workers?: Workers,
): Promise<void> {
  const together = <T>(work: () => Promise<T>): Promise<T> => workers?.together(work) ?? work();
  const selected = await together(() => first);
  try {
    const invocation = await together(() => parseCommandLine(definition, argv, selected));
    await definition.run(invocation, workers);
  } catch (error) {
    throw blamePlugin(selected.userDir, error);
  }
}

async function parseCommandLine<S extends OptionSchema>(
  definition: CommandDefinition<S>,
  argv: readonly string[],
  first: OptionValues,
): Promise<Invocation<S>> {
  const sections = [ownSection(definition)];
  const file = typeof first.config === 'string' ? await readConfigFile(first.config) : null;
  if (definition.extend !== undefined) {
    const selected = file === null ? first : readLeniently(definition, argv, file);
    sections.push(...(await definition.extend(selected as OptionsOf<S>)));
  }
  const { command, declared } = buildCommand(definition, sections);
  const { ignored = {} } = definition;
  const hidden = { title: 'Ignored', schema: ignoredSchema(ignored, schemaOf(sections)) };
  const declaredHidden = declareSection(command, hidden, { isHidden: true });
  parse(command, argv, definition);
  const { all, explicitKeys } = collect(command, declared, sections);
  const { all: ignoredValues, explicitKeys: ignoredKeys } = collect(command, declaredHidden, [hidden]);
  if (file !== null) {
    const unknown = (flag: string): UserError => unknownFlag(command, flag, definition);
    const values = Object.entries(configValues(file, schemaOf([...sections, hidden]), unknown));
    fillIn(all, explicitKeys, Object.fromEntries(values.filter(([key]) => !(key in hidden.schema))));
    fillIn(ignoredValues, ignoredKeys, Object.fromEntries(values.filter(([key]) => key in hidden.schema)));
  }
  return {
    args: command.args,
    options: all as OptionsOf<S>,
    all,
    explicitKeys,
    ignored: ignoredAsTyped(ignored, ignoredValues),
    formatConfig: () => formatConfig(schemaOf(sections), all),
  };
}

/** The command's own options, with `--config` if it has any. */
function ownSection({ options }: Pick<CommandDefinition, 'options'>): OptionSection {
  const specs = Object.values(options);
  if (specs.length === 0) return { title: 'Options', schema: options };
  const isGrouped = specs.some(({ group }) => group !== undefined);
  const config = isGrouped ? { ...configOption.config, group: 'Configuration' } : configOption.config;
  return { title: 'Options', schema: { ...options, config } };
}

const schemaOf = (sections: readonly OptionSection[]): OptionSchema =>
  Object.assign({}, ...sections.map(({ schema }) => schema)) as OptionSchema;

/** Fills in the values of a configuration file that the command line does not set. */
function fillIn(all: Record<string, unknown>, explicitKeys: Set<string>, values: OptionValues): void {
  for (const [key, value] of Object.entries(values)) {
    if (explicitKeys.has(key)) continue;
    all[key] = value;
    // `train` writes null to its config.yaml for an option that was not set.
    if (value !== null) explicitKeys.add(key);
  }
}

/** Parses only the command's own options and skips everything else. */
function readLeniently(definition: CommandDefinition, argv: readonly string[], file: ConfigFile | null): OptionValues {
  const sections = [ownSection(definition)];
  const { command, declared } = buildCommand({ ...definition, arguments: [] }, sections);
  command.helpOption(false).allowUnknownOption().allowExcessArguments();
  parse(command, argv);
  const { all, explicitKeys } = collect(command, declared, sections);
  if (file !== null) fillIn(all, explicitKeys, configValues(file, schemaOf(sections)));
  return all;
}

/** Columns for flags in the help. A wider flag gets its own line, so that descriptions fit into 80 columns. */
const WIDEST_FLAG = 30;

function formatHelpItem(this: void, flag: string, width: number, description: string, help: Help): string {
  const item = (term: string): string => Help.prototype.formatItem.call(help, term, width, description, help);
  return flag.length <= width || description === '' ? item(flag) : `  ${flag}\n${item('')}`;
}

function buildCommand(
  definition: Pick<CommandDefinition, 'name' | 'description' | 'arguments' | 'examples'>,
  sections: readonly OptionSection[],
): { command: Command; declared: Declared[] } {
  const command = new Command(commandLine(definition.name))
    .description(definition.description)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .helpOption('-h, --help', 'show this help')
    .configureHelp({
      helpWidth: Math.min(process.stdout.columns ?? 100, 120),
      optionDescription: ({ description }) => description,
      padWidth: (shown, help) => Math.min(Help.prototype.padWidth.call(help, shown, help), WIDEST_FLAG),
      formatItem: formatHelpItem,
    });
  checkClashes(sections);
  for (const { name, help, optional, variadic } of definition.arguments ?? []) {
    const inner = variadic ? `${name}...` : name;
    command.argument(optional ? `[${inner}]` : `<${inner}>`, help);
  }
  if (definition.examples !== undefined) {
    command.addHelpText('after', `\nExamples:\n${definition.examples.map((line) => `  $ ${line}`).join('\n')}`);
  }
  const declared = sections.flatMap((section) => declareSection(command, section));
  return { command, declared };
}

/** @throws UserError if a plug-in defines an option that the command or another plug-in also has */
function checkClashes(sections: readonly OptionSection[]): void {
  const titles = new Map<string, string>();
  for (const { title, schema } of sections) {
    for (const [key, spec] of Object.entries(schema)) {
      const flag = flagOf(key, spec);
      for (const spelling of [key, flag, ...(spec.aliases ?? [])]) {
        const other = titles.get(spelling);
        if (other !== undefined) {
          const problem = `${title}: the option ${flag} already exists, under ${other}`;
          throw new UserError(problem, 'rename the option of the plug-in');
        }
        titles.set(spelling, title);
      }
    }
  }
}

function declareSection(
  command: Command,
  { title, schema, defaults }: OptionSection,
  { isHidden = false } = {},
): Declared[] {
  return Object.entries(schema).map(([key, spec]) => {
    const flag = flagOf(key, spec);
    const value = defaults !== undefined && key in defaults ? defaults[key] : spec.default;
    const short = spec.aliases?.find((alias) => /^-[^-]$/.test(alias));
    const main = makeOption(short === undefined ? flag : `${short}, ${flag}`, flag, spec);
    main.description = describe(spec, value);
    main.hideHelp(isHidden);
    const others = (spec.aliases ?? [])
      .filter((alias) => alias !== short)
      .map((alias) => makeOption(alias, alias, spec).hideHelp());
    const options = [main, ...others];
    for (const option of options) {
      command.addOption(option.helpGroup(`${spec.group ?? title}:`));
      command.on(`option:${option.name()}`, () => options.push(...options.splice(options.indexOf(option), 1)));
    }
    return { key, spec, options };
  });
}

function makeOption(flags: string, flag: string, spec: OptionSpec): Option {
  const option = new Option(`${flags}${placeholder(spec)}`, spec.help);
  // commander would read `--no-x` as the negation of `--x` and ignore its value.
  option.negate = false;
  if (spec.kind === 'strings') {
    option.argParser((text: string, previous: unknown) => [...((previous as string[] | undefined) ?? []), text]);
  } else if (option.required || option.optional) {
    option.argParser((text: string) => parseOptionValue(flag, spec, text));
  }
  if ((spec.kind === 'choice' || spec.kind === 'string') && spec.bare !== undefined) option.preset(spec.bare);
  return option;
}

/** The help of an option: its description, choices, bare value, other spellings and default. */
function describe(spec: OptionSpec, value: unknown): string {
  const notes: string[] = [];
  if (spec.kind === 'choice' && spec.metavar === undefined && !fitsPlaceholder(spec.choices)) {
    notes.push(`one of: ${spec.choices.map(quoted).join(', ')}`);
  }
  if (spec.kind === 'choice' && spec.bare !== undefined) notes.push(`without a value: ${quoted(spec.bare)}`);
  const names = otherNames(spec);
  if (names.length > 0) notes.push(`also: ${names.join(', ')}`);
  if (showsDefault(value)) notes.push(`default: ${defaultText(value)}`);
  return notes.length === 0 ? spec.help : `${spec.help} (${notes.join('; ')})`;
}

/** Other spellings of an option, e.g. `--remove-bpe` for `--post-process`, except those that differ only in underscores. */
function otherNames({ aliases = [] }: OptionSpec): string[] {
  return aliases.filter((alias) => /^--[a-z-]+$/.test(alias));
}

/** Longer lists of choices would leave no room for the descriptions. */
const PLACEHOLDER_WIDTH = 24;
const fitsPlaceholder = (choices: readonly string[]): boolean => choices.join('|').length <= PLACEHOLDER_WIDTH;

function placeholder(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'boolean':
      return spec.takesValue ? ' [True|False]' : '';
    case 'choice': {
      const choices = spec.metavar ?? (fitsPlaceholder(spec.choices) ? spec.choices.join('|') : 'NAME');
      return spec.bare === undefined ? ` <${choices}>` : ` [${choices}]`;
    }
    case 'strings':
      return ` <${spec.metavar ?? 'TEXT'}${spec.isRepeated ? '' : '...'}>`;
    case 'int':
      return ` <${spec.metavar ?? 'N'}>`;
    case 'float':
      return ` <${spec.metavar ?? 'X'}>`;
    case 'numbers':
      return ` <${spec.metavar ?? 'X,…'}>`;
    case 'string': {
      const text = spec.metavar ?? 'TEXT';
      return spec.bare === undefined ? ` <${text}>` : ` [${text}]`;
    }
  }
}

const showsDefault = (value: unknown): boolean =>
  value !== null && value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);

/** A default as the user would type it. */
function defaultText(value: unknown): string {
  if (value === true) return 'True';
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** The value of every option and the keys that the user set; of several spellings the last one wins. */
function collect(
  command: Command,
  declared: readonly Declared[],
  sections: readonly OptionSection[],
): { all: Record<string, unknown>; explicitKeys: Set<string> } {
  const defaults = Object.assign({}, ...sections.map((section) => section.defaults ?? {})) as Record<string, unknown>;
  const all: Record<string, unknown> = {};
  const explicitKeys = new Set<string>();
  for (const { key, spec, options } of declared) {
    if (key in all) throw new InternalError(`two options share the key '${key}'`);
    all[key] = key in defaults ? defaults[key] : spec.default;
    for (const option of options) {
      const name = option.attributeName();
      if (command.getOptionValueSource(name) !== 'cli') continue;
      explicitKeys.add(key);
      all[key] = command.getOptionValue(name) as unknown;
    }
  }
  return { all, explicitKeys };
}

/** What a command can say about flags that it does not have. */
type UnknownFlags = Pick<CommandDefinition, 'choicesWith' | 'unsupported'>;

function parse(command: Command, argv: readonly string[], unknownFlags: UnknownFlags = {}): void {
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    throw error instanceof CommanderError ? translate(command, argv, error, unknownFlags) : error;
  }
}

/** Converts commander's error to a UserError that suggests the nearest flag. Help and version pass through. */
function translate(
  command: Command,
  argv: readonly string[],
  error: CommanderError,
  unknownFlags: UnknownFlags,
): Error {
  if (error.exitCode === 0) return error;
  const problem = error.message.replace(/^error: /, '').split('\n')[0]!;
  const remedy = `see ${command.name()} --help`;
  if (error.code === 'commander.excessArguments') {
    const excess = command.args[command.registeredArguments.length];
    return new UserError(`unexpected argument '${excess}'`, listInPieces(command, argv) ?? remedy);
  }
  if (error.code !== 'commander.unknownOption') return new UserError(problem, remedy);
  return unknownFlag(command, /'(.*?)'/.exec(problem)?.[1] ?? '', unknownFlags);
}

/** How to write a list of numbers that was typed as several words: `--adam-betas 0.9 0.98`; null if there is none. */
function listInPieces(command: Command, argv: readonly string[]): string | null {
  const isNumber = (text: string | undefined): boolean => text !== undefined && /^[\d.][\d.e+-]*,?$/i.test(text);
  for (const { long, flags } of command.options) {
    const at = long == null ? -1 : argv.indexOf(long);
    if (at < 0 || !/<[^>]*,[^>]*>/.test(flags)) continue;
    const end = argv.findIndex((text, index) => index > at && !isNumber(text));
    const numbers = argv.slice(at + 1, end < 0 ? argv.length : end);
    if (numbers.length > 1) return `did you mean ${long} ${joined(numbers)}?`;
  }
  return null;
}

const joined = (numbers: readonly string[]): string => numbers.map((text) => text.replace(/,$/, '')).join(',');

/** The error for an unknown flag or an unknown name in a configuration file. */
function unknownFlag(command: Command, flag: string, { choicesWith, unsupported = {} }: UnknownFlags): UserError {
  const problem = `unknown option '${flag}'`;
  const remedy = `see ${command.name()} --help`;
  const name = flag.split('=')[0]!;
  const instead = unsupported[name];
  if (instead !== undefined) return new UserError(`${name} is not supported`, instead);
  const choices = choicesWith?.(flag) ?? [];
  if (choices.length > 0) return new UserError(problem, `it requires ${choices.join(' or ')}`);
  const known = command.options.filter((option) => !option.hidden).flatMap((option) => option.long ?? []);
  const suggestion = didYouMean(flag, known);
  return new UserError(problem, suggestion.startsWith('did you mean') ? suggestion : remedy);
}

/** The help text of a command with the options of plug-ins. */
export function helpText(definition: CommandDefinition, sections: readonly OptionSection[]): string {
  const all = [ownSection(definition), ...sections];
  const { command } = buildCommand(definition, all);
  return new Help().formatHelp(command, command.createHelp());
}
