/**
 * The release of sacrebleu whose scores these are, digit for digit; it ends every signature, so that a score computed
 * here and one computed there can stand in one table.
 */
export const SACREBLEU_COMPATIBLE_VERSION = '2.6.0';

/** How many references the segments have: a number, or `var` where it varies. */
export type ReferenceCount = number | 'var';

/** Short names, for `formatSignature(…, { short: true })`. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  nrefs: '#',
  case: 'c',
  eff: 'e',
  tok: 'tok',
  smooth: 's',
  version: 'v',
};

/** What must be known to compare two scores, in the order in which it is printed. */
export type SignatureFields = readonly (readonly [name: string, value: string])[];

/** `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0`, or the short `#:1|c:mixed|…`. */
export function formatSignature(fields: SignatureFields, { short = false } = {}): string {
  return [...fields, ['version', SACREBLEU_COMPATIBLE_VERSION] as const]
    .map(([name, value]) => `${short ? (ABBREVIATIONS[name] ?? name) : name}:${value}`)
    .join('|');
}
