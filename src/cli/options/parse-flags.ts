import { type Command, CommanderError } from 'commander';
import { InternalError, UserError } from '../../errors.js';
import { didYouMean } from '../../plugins/did-you-mean.js';
import type { Declared, OptionSection } from './declare.js';

/** The value of every option and the keys that the user set; of several spellings the last one wins. */
export function collect(
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
export interface UnknownFlags {
  /** The choices of plug-ins that have an otherwise unknown long flag, e.g. `--criterion encouraging`. */
  choicesWith?(flag: string): readonly string[];
  /** Flags of the original tool that are not supported, each with what to do instead: `'--lm-path': 'rescore …'`. */
  readonly unsupported?: Readonly<Record<string, string>> | undefined;
}

/** Parses words with a command's options. @throws UserError that suggests the nearest flag */
export function parseFlags(command: Command, argv: readonly string[], unknownFlags: UnknownFlags = {}): void {
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
export function unknownFlag(
  command: Command,
  flag: string,
  { choicesWith, unsupported = {} }: UnknownFlags,
): UserError {
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
