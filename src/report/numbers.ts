import { spreadOf } from '../experiments/significance.js';

/** What stands in a table for a number that is missing. */
export const MISSING = '–';

/** `35.50`, with a minus sign instead of a hyphen. */
export function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '−∞' : MISSING;
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
}

/** `+0.41`, `−0.10`, `0.00` */
export function signed(value: number, digits: number): string {
  const text = fixed(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** `35.50 ± 0.11`, mean and standard deviation; one value stands alone. */
export function meanAndDeviation(values: readonly number[], digits: number): string {
  if (values.length === 0) return MISSING;
  const { mean, deviation } = spreadOf(values);
  return values.length === 1 ? fixed(mean, digits) : `${fixed(mean, digits)} ± ${fixed(deviation, digits)}`;
}

/** The probability below which a difference counts as significant. */
export const LEVEL = 0.05;

/** `p = 0.012`, `p < 0.001`, and `p = 0.0498` with as many digits as show on which side of the level it is. */
export function pText(p: number): string {
  if (p < 0.001) return 'p < 0.001';
  const digits = [3, 4, 5, 6, 7].find((count) => Number(p.toFixed(count)) < LEVEL === p < LEVEL) ?? 8;
  return `p = ${fixed(p, digits)}`;
}

/** The same for a column titled p. */
export const pCell = (p: number | null): string => (p === null ? MISSING : pText(p).replace(/^p (= )?/, ''));

/** `0.20 to 0.62` */
export const rangeText = ([low, high]: readonly [number, number], digits: number): string =>
  `${fixed(low, digits)} to ${fixed(high, digits)}`;

/** `2,331,648` */
export const grouped = (value: number): string => value.toLocaleString('en-US');

/** `1 run`, `5 runs` */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** The same text with a capital letter at its start. */
export const capitalized = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** `a`, `a and b`, `a, b and c` */
export function enumerate(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** The mean of numbers. */
export const meanOf = (values: readonly number[]): number => spreadOf(values).mean;

/** The lowest of values, which may be too many for the arguments of Math.min. */
export const lowest = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);

/** The largest number, −∞ of none. */
export const highest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity);
