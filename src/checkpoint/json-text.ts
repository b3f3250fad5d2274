/** What JSON can hold, with the numbers that it cannot: NaN and the infinities survive `toJsonText`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const WRAPPED = '$number';

/** JSON that keeps NaN, ±Infinity and −0, e.g. a perplexity that overflowed: `{"$number":"Infinity"}`. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'number') return inner;
    if (Object.is(inner, -0)) return { [WRAPPED]: '-0' };
    return Number.isFinite(inner) ? inner : { [WRAPPED]: String(inner) };
  });
}

/** Reads what `toJsonText` wrote. @throws SyntaxError */
export function fromJsonText(text: string): unknown {
  return JSON.parse(text, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || !(WRAPPED in inner)) return inner;
    return Number(inner[WRAPPED]);
  });
}
