import { Help } from 'commander';
import type { Workers } from '../distributed/workers.js';
import type { UserError } from '../errors.js';
import type { OptionSchema, OptionsOf, OptionValues } from '../options/schema.js';
import { type ConfigFile, configOption, configValues, formatConfig, readConfigFile } from './options/config-file.js';
import { type ArgumentSpec, buildCommand, declareSection, type OptionSection } from './options/declare.js';
import { type IgnoredOptions, ignoredAsTyped, ignoredSchema } from './options/ignored-options.js';
import { collect, parseFlags, type UnknownFlags, unknownFlag } from './options/parse-flags.js';
import { blamePlugin } from './plugins/plug-in-errors.js';
import type { withWorkers } from './workers.js';

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
export interface CommandDefinition<S extends OptionSchema = OptionSchema> extends UnknownFlags {
  readonly name: string;
  /** One or more sentences below the usage line. */
  readonly description: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options: S;
  /** Example command lines at the end of the help. */
  readonly examples?: readonly string[];
  /** Returns the options of the plug-ins that the command line selects. */
  extend?(selected: OptionsOf<S>): Promise<readonly OptionSection[]>;
  /** fairseq's options that are accepted without effect; `--help` does not show them. */
  readonly ignored?: IgnoredOptions;
  /** Joins the processes that share the work; absent if the command runs in one. Such a command has `distributedOptions`. */
  readonly withWorkers?: typeof withWorkers;
  /** @param workers the processes that share the work; only with `withWorkers` */
  run(invocation: Invocation<S>, workers?: Workers): Promise<void>;
}

/** Makes a command and infers the types of its options. */
export function defineCommand<const S extends OptionSchema>(definition: CommandDefinition<S>): CommandDefinition<S> {
  return definition;
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
  parseFlags(command, argv, definition);
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
  parseFlags(command, argv);
  const { all, explicitKeys } = collect(command, declared, sections);
  if (file !== null) fillIn(all, explicitKeys, configValues(file, schemaOf(sections)));
  return all;
}

/** The help text of a command with the options of plug-ins. */
export function helpText(definition: CommandDefinition, sections: readonly OptionSection[]): string {
  const all = [ownSection(definition), ...sections];
  const { command } = buildCommand(definition, all);
  return new Help().formatHelp(command, command.createHelp());
}
