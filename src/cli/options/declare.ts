import { Command, Help, Option } from 'commander';
import { UserError } from '../../errors.js';
import { parseOptionValue } from '../../options/parse.js';
import { flagOf, type OptionSchema, type OptionSpec, type OptionValues } from '../../options/schema.js';
import { quoted } from '../output/shell-line.js';
import { commandLine } from '../program.js';

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

/** An option that commander knows. */
export interface Declared {
  readonly key: string;
  readonly spec: OptionSpec;
  /** Every spelling of the option, in the order in which they were set; those that were not set come first. */
  readonly options: readonly Option[];
}

/** The parts of a command that its flags and its help are made of. */
export interface CommandShape {
  readonly name: string;
  readonly description: string;
  readonly arguments?: readonly ArgumentSpec[] | undefined;
  readonly examples?: readonly string[] | undefined;
}

/** Columns for flags in the help. A wider flag gets its own line, so that descriptions fit into 80 columns. */
const WIDEST_FLAG = 30;

function formatHelpItem(this: void, flag: string, width: number, description: string, help: Help): string {
  const item = (term: string): string => Help.prototype.formatItem.call(help, term, width, description, help);
  return flag.length <= width || description === '' ? item(flag) : `  ${flag}\n${item('')}`;
}

/** A command of commander with the options of all sections. @throws UserError if two have one name */
export function buildCommand(
  definition: CommandShape,
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

/** Adds the options of a section to a command. */
export function declareSection(
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
