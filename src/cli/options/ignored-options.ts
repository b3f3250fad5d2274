import { UserError } from '../../errors.js';
import { log } from '../../log.js';
import { flagOf, type OptionSchema, type OptionSpec, type OptionValues } from '../../options/schema.js';

/** An option of fairseq's that changes neither results nor memory here: it is read, named in a warning and dropped. */
export interface IgnoredOption {
  readonly spec: OptionSpec;
  /** The values that it has no effect with; without it all. */
  readonly only?: { readonly values: readonly unknown[]; readonly remedy: string };
}

export type IgnoredOptions = Readonly<Record<string, IgnoredOption>>; // by key

/** Their schema, without those whose flag or key is another option's in `taken`. */
export function ignoredSchema(ignored: IgnoredOptions, taken: OptionSchema): OptionSchema {
  const spellings = new Set(Object.entries(taken).flatMap(([key, spec]) => [key, ...spellingsOf(key, spec)]));
  return Object.fromEntries(
    Object.entries(ignored)
      .filter(([key, { spec }]) => ![key, ...spellingsOf(key, spec)].some((spelling) => spellings.has(spelling)))
      .map(([key, { spec }]) => [key, spec]),
  );
}

const spellingsOf = (key: string, spec: OptionSpec): string[] => [flagOf(key, spec), ...(spec.aliases ?? [])];

/**
 * Those that were given, as they would be typed: `--ddp-backend no_c10d`.
 * @throws UserError for a value that would have an effect
 */
export function givenIgnored(ignored: IgnoredOptions, values: OptionValues): string[] {
  return Object.entries(ignored).flatMap(([key, { spec, only }]) => {
    const value = values[key] ?? spec.default;
    if (value === spec.default) return [];
    const typed = spec.kind === 'boolean' ? flagOf(key, spec) : `${flagOf(key, spec)} ${String(value)}`;
    if (only === undefined || only.values.includes(value)) return [typed];
    throw new UserError(`${typed} is not supported`, only.remedy);
  });
}

/** One warning for all of them. @param given as `givenIgnored` returns them */
export function warnOfIgnored(given: readonly string[]): void {
  if (given.length === 0) return;
  log.warning(`ignored, as it changes neither results nor memory here: ${given.join(', ')}`);
}
