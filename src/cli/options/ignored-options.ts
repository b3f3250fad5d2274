import { UserError } from '../../errors.js';
import { log } from '../../log.js';
import { flagOf, type OptionSchema, type OptionSpec, type OptionValues } from '../../options/schema.js';

/** One of fairseq's options that changes neither results nor memory here. It is parsed and named in a warning. */
export interface IgnoredOption {
  readonly spec: OptionSpec;
  /** The values without effect; other values are refused. Absent: no value has an effect. */
  readonly only?: { readonly values: readonly unknown[]; readonly remedy: string };
}

/** Ignored options by key. */
export type IgnoredOptions = Readonly<Record<string, IgnoredOption>>;

/** The schema of the ignored options, without those whose flag or key is already in `taken`. */
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
 * The ignored options that the user set, as typed: `--ddp-backend no_c10d`.
 * @throws UserError for a value that would have an effect
 */
export function ignoredAsTyped(ignored: IgnoredOptions, values: OptionValues): string[] {
  return Object.entries(ignored).flatMap(([key, { spec, only }]) => {
    const value = values[key] ?? spec.default;
    if (value === spec.default) return [];
    const typed = spec.kind === 'boolean' ? flagOf(key, spec) : `${flagOf(key, spec)} ${String(value)}`;
    if (only === undefined || only.values.includes(value)) return [typed];
    throw new UserError(`${typed} is not supported`, only.remedy);
  });
}

/** Logs one warning for all of them. @param ignored the result of `ignoredAsTyped` */
export function warnOfIgnored(ignored: readonly string[]): void {
  if (ignored.length === 0) return;
  log.warning(`ignored, because it changes neither results nor memory here: ${ignored.join(', ')}`);
}
