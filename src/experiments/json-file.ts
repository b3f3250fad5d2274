import * as v from 'valibot';
import { UserError } from '../errors.js';
import { readText } from '../text/lines.js';

/** The longest description of what is wrong with a file. */
const LONGEST_MESSAGE = 120;

/** Reads a JSON file of the shape that a schema describes. @throws UserError if it has another, or cannot be read */
export function readJson<T>(path: string, schema: v.GenericSchema<unknown, T>, remedy: string): T {
  const result = v.safeParse(schema, parseJson(path, remedy));
  if (result.success) return result.output;
  const [issue] = result.issues;
  const { message } = issue;
  const told = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
  throw new UserError(`${path} is damaged (${v.getDotPath(issue) ?? 'the whole'}: ${told})`, remedy);
}

function parseJson(path: string, remedy: string): unknown {
  const text = readText(path);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UserError(`${path} is damaged (not valid JSON)`, remedy, { cause: error });
  }
}

/** A schema of objects whose names are free and whose values have one shape. An array is none. */
export const recordOf = <T>(value: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, Record<string, T>> =>
  v.pipe(
    v.unknown(),
    v.check((input) => !Array.isArray(input), 'a list instead of names with values'),
    v.record(v.string(), value),
  );

/** An object as JSON with one line per field, so that files with long fields can be compared line by line. */
export const linePerField = (value: object): string =>
  `{\n${Object.entries(value)
    .map(([key, field]) => `${JSON.stringify(key)}: ${JSON.stringify(field)}`)
    .join(',\n')}\n}`;
