/**
 * The release of sacrebleu with the same scores, digit for digit. Signatures end with it, so that scores of both tools can
 * be compared.
 */
export const SACREBLEU_COMPATIBLE_VERSION = '2.6.0';

/** The number of references per segment, or `var` if it varies. */
export type ReferenceCount = number | 'var';

/** A setting that affects the score, with its short name. */
export type SignatureField = readonly [name: string, short: string, value: string];

/** How a signature is printed. */
export interface SignatureOptions {
  /** `#:1|c:mixed|…` */
  readonly short?: boolean;
  /** The number of bootstrap resamples. */
  readonly bootstrap?: number;
  /** The number of trials of approximate randomization. */
  readonly randomization?: number;
  /** The seed of the resamples or trials; null if there was none. */
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
