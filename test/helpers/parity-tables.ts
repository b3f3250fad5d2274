import type { CommandDefinition } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands/index.js';
import { ignoredSchema } from '../../src/cli/options/ignored-options.js';
import { flagOf } from '../../src/options/schema.js';

/** A table of the options that commands treat in the same way: `BEGIN KIND: COMMAND, COMMAND -->`, its rows, `<!-- end -->`. */
const TABLE = /(<!-- begin (ignored|unsupported): (.*?) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The remark on each flag of a command, by flag. */
type Remarks = ReadonlyMap<string, string>;

/** The page with its tables generated from the commands' definitions. */
export async function regenerateTables(page: string): Promise<string> {
  const definitions = new Map<string, CommandDefinition>();
  for (const { name, load } of commands) definitions.set(name, await load());
  return page.replace(TABLE, (_, begin: string, kind: string, names: string, end: string) => {
    const remarksOf = kind === 'ignored' ? ignoredRemarks : unsupportedRemarks;
    const remarks = names.split(', ').map((name) => [name, remarksOf(definitions.get(name)!)] as const);
    const heading = kind === 'ignored' ? 'accepted values' : 'message';
    return `${begin}\n${[`| commands | options | ${heading} |`, '| --- | --- | --- |', ...rowsOf(remarks)].join('\n')}\n\n${end}`;
  });
}

/** One row for all flags that the same commands treat in the same way. */
function rowsOf(remarksByCommand: ReadonlyArray<readonly [command: string, remarks: Remarks]>): string[] {
  const flags = new Set(remarksByCommand.flatMap(([, remarks]) => [...remarks.keys()]));
  const rows = new Map<string, { cells: readonly [string, string]; flags: string[] }>();
  for (const flag of flags) {
    const texts = new Set(remarksByCommand.flatMap(([, remarks]) => remarks.get(flag) ?? []));
    for (const text of texts) {
      const names = remarksByCommand.filter(([, remarks]) => remarks.get(flag) === text).map(([name]) => name);
      const key = `${names.join(', ')} | ${text}`;
      const row = rows.get(key) ?? { cells: [names.join(', '), text], flags: [] };
      row.flags.push(`\`${flag}\``);
      rows.set(key, row);
    }
  }
  return Array.from(
    rows.values(),
    ({ cells: [names, text], flags }) => `| ${names} | ${flags.join(' ')} | ${escaped(text)} |`,
  );
}

/** Markdown would take `</s>` for HTML. */
const escaped = (text: string): string => text.replaceAll('<', '\\<');

function unsupportedRemarks({ unsupported = {} }: CommandDefinition): Remarks {
  const entries = Object.entries(unsupported);
  // A flag with underscores is another spelling of the one with dashes.
  const isSpelling = (flag: string): boolean => flag.includes('_') && flag.replaceAll('_', '-') in unsupported;
  return new Map(entries.filter(([flag]) => !isSpelling(flag)));
}

function ignoredRemarks({ ignored = {}, options }: CommandDefinition): Remarks {
  return new Map(
    Object.entries(ignoredSchema(ignored, options)).map(([key, spec]) => {
      const { only } = ignored[key]!;
      const values = only?.values.map((value) => `\`${String(value)}\``).join(', ');
      return [flagOf(key, spec), values === undefined ? '' : `${values}; otherwise: ${only!.remedy}`];
    }),
  );
}
