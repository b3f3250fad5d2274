/** A JSON value. Its numbers may be NaN or infinite: `toJsonText` keeps them. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const WRAPPED = '$number';

/** Converts a value to JSON that keeps NaN, ±Infinity and −0, e.g. an infinite perplexity: `{"$number":"Infinity"}`. */
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
