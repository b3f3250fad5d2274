import type { CommandDefinition } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands/index.js';
import { ignoredSchema } from '../../src/cli/options/ignored-options.js';
import { builtInComponents } from '../../src/components.js';
import { flagOf } from '../../src/options/schema.js';

/**
 * A generated table: `BEGIN KIND: NAME, NAME -->`, its rows, `<!-- end -->`. The names are those of the commands, or with
 * `criterions` those of the criterions that fairseq has: the table is about all others.
 */
const TABLE = /(<!-- begin (ignored|unsupported|criterions): (.*?) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The remark on each flag of a command or criterion, by flag. */
type Remarks = ReadonlyMap<string, string>;

/** The page with its tables generated from the commands' definitions. */
export async function regenerateTables(page: string): Promise<string> {
  const definitions = new Map<string, CommandDefinition>();
  for (const { name, load } of commands) definitions.set(name, await load());
  return page.replace(TABLE, (_, begin: string, kind: string, names: string, end: string) => {
    if (kind === 'criterions') {
      const lines = ['| commands | options | fairseq | remark |', '| --- | --- | --- | --- |'];
      return `${begin}\n${[...lines, ...criterionRows(names.split(', '))].join('\n')}\n\n${end}`;
    }
    const remarksOf = kind === 'ignored' ? ignoredRemarks : unsupportedRemarks;
    const remarks = names.split(', ').map((name) => [name, remarksOf(definitions.get(name)!)] as const);
    const heading = kind === 'ignored' ? 'accepted values' : 'message';
    return `${begin}\n${[`| commands | options | ${heading} |`, '| --- | --- | --- |', ...commandRows(remarks)].join('\n')}\n\n${end}`;
  });
}

const commandRows = (remarks: RemarksByName): string[] =>
  rowsOf(remarks).map(({ cells: [names, text], flags }) => `| ${names} | ${flags.join(' ')} | ${escaped(text)} |`);

/** The options of the criterions that fairseq does not have, except those that its own criterions have too. */
function criterionRows(ofFairseq: readonly string[]): string[] {
  const { criterions } = builtInComponents();
  const flagsOf = (name: string): string[] =>
    Object.entries(criterions.get(name).options).map(([key, spec]) => flagOf(key, spec));
  const known = new Set(ofFairseq.flatMap(flagsOf));
  const remarks = criterions
    .names()
    .filter((name) => !ofFairseq.includes(name))
    .map((name) => {
      const own = flagsOf(name).filter((flag) => !known.has(flag));
      return [`\`${name}\``, new Map(own.map((flag) => [flag, '']))] as const;
    });
  return rowsOf(remarks).map(({ cells: [names], flags }) => `| train | ${flags.join(' ')} | ours | ${names} |`);
}

type RemarksByName = ReadonlyArray<readonly [name: string, remarks: Remarks]>;

interface TableRow {
  readonly cells: readonly [names: string, remark: string];
  readonly flags: string[];
}

/** One row for all flags on which the same commands, or criterions, have the same remark. */
function rowsOf(remarksByCommand: RemarksByName): TableRow[] {
  const flags = new Set(remarksByCommand.flatMap(([, remarks]) => [...remarks.keys()]));
  const rows = new Map<string, TableRow>();
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
  return [...rows.values()];
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
