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
    help: 'YAML file with option values, e.g. max_tokens: 4096; flags override it',
  },
});

/** Loaded only when a file is read or written. */
const yaml = (): Promise<typeof import('yaml')> => import('yaml');

/** The contents of a configuration file, by the names in the file, not yet checked. */
export interface ConfigFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, unknown>;
}

/**
 * Reads a configuration file: YAML with one mapping from names to values, or nothing.
 * @throws UserError if it cannot be read, is not UTF-8 or is not such a file; names the line and column
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const { parseDocument } = await yaml();
  const document = parseDocument(readText(path), { prettyErrors: true });
  const complaint = document.errors[0] ?? document.warnings[0];
  if (complaint !== undefined) {
    // The first line describes the problem; the others show the place.
    const problem = complaint.message.split('\n')[0]!.replace(/:$/, '');
    throw new UserError(`${path}: ${problem}`, 'write one `name: value` per line');
  }
  const value: unknown = document.toJS();
  if (value === null || value === undefined) return { path, entries: new Map() };
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new UserError(`${path} is not a list of names with values`, 'write one `name: value` per line');
  }
  return { path, entries: new Map(Object.entries(value)) };
}

/** `--max-tokens` → `max_tokens`: the name of a flag in a configuration file, where `-` and `_` are equivalent. */
export const configName = (flag: string): string => flag.replace(/^--/, '').replaceAll('-', '_');

/** Every name of an option in a configuration file, the main one first. */
const namesOf = (key: string, spec: OptionSpec): string[] =>
  [flagOf(key, spec), ...(spec.aliases ?? []).filter((alias) => alias.startsWith('--'))].map(configName);

/**
 * The options of a configuration file, by key.
 * @param unknown makes the error for a flag that is not in the schema; without it such names are skipped
 * @throws UserError for a name that occurs twice and for a value of the wrong type
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
      throw new UserError(`${path}: ${earlier} and ${spelling} are the same option`, 'remove one of them');
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
    throw new UserError(`${path}: ${name}: ${JSON.stringify(value)} is not ${KINDS[spec.kind]}`, 'correct the value');
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
  string: 'text (put quotes around numbers)',
  choice: 'text (put quotes around numbers)',
  strings: 'text or a list of texts',
};

/** A value as the user would type it after the flag; null if it has another type. */
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

/** Formats all options as a configuration file, in the order of the schema. */
export async function formatConfig(schema: OptionSchema, values: OptionValues): Promise<string> {
  const { stringify } = await yaml();
  const entries = Object.entries(schema)
    .filter(([key]) => key !== 'config')
    .map(([key, spec]) => [configName(flagOf(key, spec)), values[key] ?? null] as const);
  return stringify(Object.fromEntries(entries), { lineWidth: 0 });
}
