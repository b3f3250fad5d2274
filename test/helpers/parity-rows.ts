import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a row can say about an option. */
export const VERDICTS: readonly string[] = ['same', 'different', 'partly', 'ours'];

interface Row {
  readonly line: string;
  readonly commands: readonly string[];
  readonly flags: readonly string[];
  readonly verdict: string;
  readonly remark: string;
}

/** The paths of the pages that compare options with those of other tools. */
export const PARITY_PAGES = ['fairseq-parity.md', 'text-parity.md'].map((name) =>
  fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)),
);

/** The rows `| commands | options | verdict | remark |` of all tables with these columns. */
export const parityRows: readonly Row[] = PARITY_PAGES.flatMap((path) =>
  readFileSync(path, 'utf8').split('\n'),
).flatMap((line) => {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  if (cells.length !== 6 || cells[0] !== '' || /^(commands|-+)$/.test(cells[1]!)) return [];
  const [, names, options, verdict, remark] = cells as [string, string, string, string, string];
  const flags = [...options.matchAll(/`(?:-\w, )?(--?\w[\w-]*)/g)].map(([, flag]) => flag!);
  return [{ line, commands: names.split(', '), flags, verdict, remark }];
});
