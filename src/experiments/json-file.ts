import { UserError } from '../errors.js';
import { readText } from '../text/lines.js';

/** Reads a JSON file that has to look as `isWhole` says. @throws UserError if it does not, or cannot be read */
export function readJson<T extends object>(path: string, isWhole: (value: Partial<T>) => boolean, remedy: string): T {
  const text = readText(path);
  try {
    const value = JSON.parse(text) as T | null;
    if (typeof value === 'object' && value !== null && isWhole(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new UserError(`${path} is damaged`, remedy);
}

/** An object as JSON with one line per field, so that files with long fields can be compared line by line. */
export const linePerField = (value: object): string =>
  `{\n${Object.entries(value)
    .map(([key, field]) => `${JSON.stringify(key)}: ${JSON.stringify(field)}`)
    .join(',\n')}\n}`;
