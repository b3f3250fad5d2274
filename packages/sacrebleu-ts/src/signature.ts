/**
 * The release of sacrebleu whose scores these are, digit for digit; it ends every signature, so that a score computed
 * here and one computed there can stand in one table.
 */
export const SACREBLEU_COMPATIBLE_VERSION = '2.6.0';

/** How many references the segments have: a number, or `var` where it varies. */
export type ReferenceCount = number | 'var';

/** What must be known to compare two scores, with its short name. */
export type SignatureField = readonly [name: string, short: string, value: string];

/** How a signature is printed. */
export interface SignatureOptions {
  /** `#:1|c:mixed|…` */
  readonly short?: boolean;
  /** The number of bootstrap resamples. */
  readonly bootstrap?: number;
  /** The number of trials of approximate randomization. */
  readonly randomization?: number;
  /** Of the resamples or trials; null where they were drawn without one. */
  readonly seed?: bigint | number | null;
}

/** `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0`, or the short `#:1|c:mixed|…`. */
export function formatSignature(
  references: ReferenceCount,
  fields: readonly SignatureField[],
  { short = false, bootstrap, randomization, seed }: SignatureOptions = {},
): string {
  const all: SignatureField[] = [['nrefs', '#', String(references)]];
  if (bootstrap !== undefined) all.push(['bs', 'bs', String(bootstrap)]);
  if (randomization !== undefined) all.push(['ar', 'ar', String(randomization)]);
  if (seed !== undefined) all.push(['seed', 'rs', seed === null ? 'none' : String(seed)]);
  all.push(...fields, ['version', 'v', SACREBLEU_COMPATIBLE_VERSION]);
  return all.map(([name, abbreviation, value]) => `${short ? abbreviation : name}:${value}`).join('|');
}
