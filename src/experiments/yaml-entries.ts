import { UserError } from '../errors.js';
import { didYouMean } from '../plugins/did-you-mean.js';

/**
 * The names and values of a mapping in a YAML file.
 * @param where the file and the entry that contains the mapping, for messages
 * @param name the mapping's name; null if `where` is the mapping itself
 * @throws UserError if it is none
 */
export function mapping(where: string, name: string | null, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new UserError(`${name === null ? where : `${where}: ${name}`} has no names with values`, 'write `name: value`');
}

/** @throws UserError if `name` is not one of those that may stand there */
export function checkKnown(where: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  throw new UserError(`${where}: unknown entry '${name}'`, known.length === 0 ? 'remove it' : didYouMean(name, known));
}
