import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The verdicts of the matrix on options that the help shows, and on options that it does not show. */
export const VERDICTS = {
  there: ['same', 'different', 'in part', 'ours'],
  absent: ['ignored', 'not supported'],
} as const;

interface Row {
  readonly line: string;
  readonly commands: readonly string[];
  readonly flags: readonly string[];
  readonly verdict: string;
  readonly note: string;
  /** Whether the row is about options that the help shows. */
  readonly isThere: boolean;
}

const text = ['fairseq-parity.md', 'text-parity.md']
  .map((name) => readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8'))
  .join('\n');

/** The rows of all tables with the columns `| commands | options | verdict | note |`. */
export const parityRows: readonly Row[] = text.split('\n').flatMap((line) => {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  if (cells.length !== 6 || cells[0] !== '' || /^(commands|-+)$/.test(cells[1]!)) return [];
  const [, names, options, verdict, note] = cells as [string, string, string, string, string];
  const flags = [...options.matchAll(/`(?:-\w, )?(--?\w[\w-]*)/g)].map(([, flag]) => flag!);
  const isThere = (VERDICTS.there as readonly string[]).includes(verdict);
  return [{ line, commands: names.split(', '), flags, verdict, note, isThere }];
});
