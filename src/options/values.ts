import { UserError } from '../errors.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import { parseOptionValue } from './parse.js';
import type { OptionSchema, OptionValues } from './schema.js';

/**
 * @param where the function with these options, for messages
 * @throws UserError for an unknown name, suggesting the most similar one
 */
export function checkOptionNames(where: string, values: object, known: readonly string[]): void {
  const unknown = Object.keys(values).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UserError(`${where}: unknown option '${unknown}'`, didYouMean(unknown, known));
}

/**
 * Checks the names, kinds and ranges of options that a program passes as values. Undefined values count as absent.
 * @param where the function with these options, for messages
 * @throws UserError for an unknown name or a value of the wrong kind
 */
export function checkOptionValues(where: string, values: OptionValues, schema: OptionSchema): OptionValues {
  checkOptionNames(where, values, Object.keys(schema));
  const checked = Object.entries(values).flatMap(([key, value]) => {
    const spec = schema[key]!;
    if (value === undefined || (value === null && spec.default === null)) return [];
    return [[key, parseOptionValue(`${where} ${key}`, spec, String(value))] as const];
  });
  return Object.fromEntries(checked);
}
