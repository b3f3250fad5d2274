import { UserError } from '../errors.js';
import { type SearchOptions, searchOptions } from '../generation/options.js';
import { parseOptionValue } from '../options/parse.js';
import type { OptionSchema } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import { didYouMean } from '../plugins/did-you-mean.js';

const FLAG = '--eval-bleu-args';

/**
 * Options of the search as fairseq's JSON gives them: `{"beam": 4, "max_len_a": 1.2}`.
 * @throws UserError for text that is no JSON object, unknown names and values of the wrong kind
 */
export function parseSearchArguments(text: string): SearchOptions {
  const schema: OptionSchema = searchOptions;
  const values = Object.entries(parseObject(text)).map(([name, value]) => {
    const key = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const spec = schema[key];
    if (spec === undefined) throw new UserError(`${FLAG}: unknown '${name}'`, didYouMean(name, snakeCaseNames(schema)));
    return [key, parseOptionValue(`${FLAG} ${name}`, spec, String(value))] as const;
  });
  return selectOptions(searchOptions, Object.fromEntries(values));
}

function parseObject(text: string): Record<string, unknown> {
  const remedy = `give a JSON object, e.g. ${FLAG} '{"beam": 5, "max_len_a": 1.2, "max_len_b": 10}'`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${FLAG}: '${text}' is no JSON`, remedy, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError(`${FLAG}: '${text}' is no JSON object`, remedy);
  }
  return value as Record<string, unknown>;
}

const snakeCaseNames = (schema: OptionSchema): string[] =>
  Object.keys(schema).map((key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
