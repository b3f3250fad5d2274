import { UserError } from '../../errors.js';
import { parseOptionValue } from '../../options/parse.js';
import { defineOptions, flagOf, type OptionSchema, type OptionSpec, type OptionValues } from '../../options/schema.js';
import { readText } from '../../text/lines.js';

/** `--config`, an option of every command that has options. */
export const configOption = defineOptions({
  config: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    help: 'YAML with options by the names of their flags, e.g. max_tokens: 4096; flags override it',
  },
});

/** Loaded when a file is read or written: most commands do neither. */
const yaml = (): Promise<typeof import('yaml')> => import('yaml');

/** What a configuration file says, by its own names and not yet checked. */
export interface ConfigFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, unknown>;
}

/**
 * @param path a YAML file that holds one mapping from names to values, or nothing
 * @throws UserError where it cannot be read, is not UTF-8 (names the line and column) or is none
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const { parseDocument } = await yaml();
  const document = parseDocument(readText(path), { prettyErrors: true });
  const complaint = document.errors[0] ?? document.warnings[0];
  if (complaint !== undefined) {
    // The first line says what and where; the others show it.
    const problem = complaint.message.split('\n')[0]!.replace(/:$/, '');
    throw new UserError(`${path}: ${problem}`, 'write one `name: value` a line');
  }
  const value: unknown = document.toJS();
  if (value === null || value === undefined) return { path, entries: new Map() };
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new UserError(`${path}: no names with values`, 'write one `name: value` a line');
  }
  return { path, entries: new Map(Object.entries(value)) };
}

/** `--max-tokens` → `max_tokens`: the name that a configuration file has for a flag; `-` is as good there as `_`. */
export const configName = (flag: string): string => flag.replace(/^--/, '').replaceAll('-', '_');

/** Every name that an option has in a configuration file, its own first. */
const namesOf = (key: string, spec: OptionSpec): string[] =>
  [flagOf(key, spec), ...(spec.aliases ?? []).filter((alias) => alias.startsWith('--'))].map(configName);

/**
 * The options of a configuration file, by key.
 * @param unknown makes the error for a flag that no schema has; where it is left out such names are passed over
 * @throws UserError for a name given twice and for a value of the wrong kind
 */
export function configValues(
  { path, entries }: ConfigFile,
  schema: OptionSchema,
  unknown?: (flag: string) => UserError,
): OptionValues {
  const known = new Map(
    Object.entries(schema).flatMap(([key, spec]) => namesOf(key, spec).map((name) => [name, { key, spec }] as const)),
  );
  known.delete('config');
  const values = new Map<string, unknown>();
  const spellings = new Map<string, string>();
  for (const [spelling, value] of entries) {
    const option = known.get(configName(spelling));
    if (option === undefined) {
      if (unknown === undefined) continue;
      const { problem, remedy } = unknown(`--${configName(spelling).replaceAll('_', '-')}`);
      throw new UserError(`${path}: ${problem}`, remedy);
    }
    const earlier = spellings.get(option.key);
    if (earlier !== undefined) {
      throw new UserError(`${path}: ${earlier} and ${spelling} are one option`, 'leave one of them out');
    }
    spellings.set(option.key, spelling);
    values.set(option.key, readValue(path, spelling, option.spec, value));
  }
  return Object.fromEntries(values);
}

function readValue(path: string, name: string, spec: OptionSpec, value: unknown): unknown {
  if (value === null && spec.default === null) return null;
  if (value === true && 'bare' in spec && spec.bare !== undefined) return spec.bare;
  if (spec.kind === 'strings' && Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  const text = textOf(spec, value);
  if (text === null) {
    throw new UserError(`${path}: ${name}: ${JSON.stringify(value)} is not ${KINDS[spec.kind]}`, 'give one');
  }
  try {
    return parseOptionValue(name, spec, text);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${path}: ${error.problem}`, error.remedy) : error;
  }
}

const KINDS: Readonly<Record<OptionSpec['kind'], string>> = {
  int: 'a whole number',
  float: 'a number',
  numbers: 'a number or a list of numbers',
  boolean: 'true or false',
  string: 'text (numbers and the like need quotes)',
  choice: 'text (numbers and the like need quotes)',
  strings: 'text or a list of texts',
};

/** A value as it would be typed after the flag; null where its kind is another. */
function textOf(spec: OptionSpec, value: unknown): string | null {
  if (typeof value === 'string') return value;
  switch (spec.kind) {
    case 'int':
    case 'float':
      return typeof value === 'number' ? String(value) : null;
    case 'numbers': {
      const list: unknown[] = Array.isArray(value) ? value : [value];
      return list.every((item) => typeof item === 'number') ? list.join(',') : null;
    }
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : null;
    default:
      return null;
  }
}

/** Options as a configuration file that gives them all back; in the order of the schema. */
export async function formatConfig(schema: OptionSchema, values: OptionValues): Promise<string> {
  const { stringify } = await yaml();
  const entries = Object.entries(schema)
    .filter(([key]) => key !== 'config')
    .map(([key, spec]) => [configName(flagOf(key, spec)), values[key] ?? null] as const);
  return stringify(Object.fromEntries(entries), { lineWidth: 0 });
}
