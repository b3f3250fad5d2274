import { formatFixed } from 'sacrebleu-ts';
import type { BinarizeSummary } from './binarize.js';

/** fairseq's message for a binarised text: `400 sents, 9042 tokens, 1.25% replaced (by <unk>)`. */
export function describeBinarized({ sentences, tokens, replaced }: BinarizeSummary): string {
  return `${sentences} sents, ${tokens} tokens, ${formatPercent((100 * replaced) / tokens)}% replaced (by <unk>)`;
}

/**
 * Formats a number in 0 … 100 like Python's `{:.3}`: three significant digits without trailing zeros, but with at least
 * one digit after the point; with an exponent if it is below 1e-4 or has three digits before the point.
 */
export function formatPercent(value: number): string {
  if (value === 0) return '0.0';
  const exponent = Math.floor(Math.log10(value));
  const rounded = formatFixed(value, 2 - exponent); // half to even, as Python rounds
  if (Number(rounded) >= 100) return '1e+02';
  if (Number(rounded) >= 1e-4) return rounded.replace(/(\.\d+?)0+$/, '$1');
  const [mantissa, power] = Number(rounded).toExponential().split('e-') as [string, string];
  return `${mantissa}e-${power.padStart(2, '0')}`;
}
