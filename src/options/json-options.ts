import { UserError } from '../errors.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import { parseOptionValue } from './parse.js';
import { pythonLiteralToJson } from './python-literal.js';
import type { OptionSchema, OptionValues } from './schema.js';

/**
 * Parses options from one JSON object with fairseq's names, e.g. `--eval-bleu-args '{"beam": 4, "max_len_a": 1.2}'`, or
 * from a Python dict, `{'beam': 4}`.
 * @param flag the option whose value is the object, for messages
 * @returns the values in the object, by option key
 * @throws UserError for text that is not a JSON object, for unknown names, and for values of the wrong kind
 */
export function parseJsonOptions(flag: string, text: string, schema: OptionSchema): OptionValues {
  const values = Object.entries(parseObject(flag, text)).map(([name, value]) => {
    const key = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const spec = schema[key];
    if (spec === undefined) {
      throw new UserError(`${flag}: unknown '${name}'`, didYouMean(name, Object.keys(schema).map(snakeCase)));
    }
    return [key, parseOptionValue(`${flag} ${name}`, spec, String(value))] as const;
  });
  return Object.fromEntries(values);
}

function parseObject(flag: string, text: string): object {
  const remedy = `give a JSON object, e.g. ${flag} '{"name": 1}'`;
  let value: unknown;
  try {
    value = parseJsonOrPython(text);
  } catch (cause) {
    throw new UserError(`${flag}: '${text}' is not valid JSON`, remedy, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new UserError(`${flag}: '${text}' is not a JSON object`, remedy);
}

function parseJsonOrPython(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(pythonLiteralToJson(text));
  }
}

/** fairseq's name of an option in JSON: maxLenB → max_len_b. */
export const snakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
