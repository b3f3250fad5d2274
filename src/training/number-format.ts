import { formatFixed } from 'sacrebleu-ts/format';

const SIGNIFICANT_DIGITS = 6;

/** Python's `round(value, digits)`: rounds half to even. */
export function roundTo(value: number, digits: number): number {
  return Number.isFinite(value) ? Number(formatFixed(value, digits)) : value;
}

/** Python's `'{:g}'.format(value)`: six significant digits, no trailing zeros, an exponent below 1e-4 and from 1e6. */
export function formatGeneral(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (value === 0) return '0';
  const [mantissa, power] = value.toExponential(SIGNIFICANT_DIGITS - 1).split('e') as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < SIGNIFICANT_DIGITS) return String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
  const sign = exponent < 0 ? '-' : '+';
  return `${Number(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
