import type { ConfidenceInterval, MetricScore } from './metric.js';
import { formatFixed } from './python-text.js';

/** How a score is printed; the comments give the defaults. */
export interface FormatOptions {
  /** Decimals of the score. */
  readonly width?: number; // 2
  /** Printed after the name: `BLEU|nrefs:1|… = 33.96 …`. */
  readonly signature?: string; // ''
  readonly interval?: ConfidenceInterval | null; // null
}

/**
 * The line that sacrebleu prints:
 * `BLEU = 33.96 50.2/39.4/34.4/29.1 (BP = 0.905 ratio = 0.909 hyp_len = 942 ref_len = 1036)`, `chrF2 = 27.90`.
 */
export function formatScore(score: MetricScore, options: FormatOptions = {}): string {
  const { signature = '' } = options;
  const name = signature === '' ? score.name : `${score.name}|${signature}`;
  const details = score.details === '' ? '' : ` ${score.details}`;
  return `${name} = ${formatNumber(score, options)}${details}`;
}

/** Only the score, with its confidence interval if there is one: `30.1 (μ = 27.8 ± 17.7)`. */
export function formatNumber(score: MetricScore, { width = 2, interval = null }: FormatOptions = {}): string {
  const number = formatFixed(score.score, width);
  return isShown(interval) ? `${number} (${formatInterval(interval, width)})` : number;
}

/** The JSON object that sacrebleu prints, with numbers rounded as in the text. */
export function formatJson(score: MetricScore, options: FormatOptions = {}): string {
  const { width = 2, signature = '', interval = null } = options;
  const fields: [name: string, value: string][] = [
    ['name', JSON.stringify(score.name)],
    ['score', pythonFloat(Number(formatFixed(score.score, width)))],
    ['signature', JSON.stringify(signature)],
  ];
  if (isShown(interval)) {
    fields.push(
      ['confidence_mean', pythonFloat(Number(formatFixed(interval.mean, width)))],
      ['confidence_var', pythonFloat(Number(formatFixed(interval.halfWidth, width)))],
      ['confidence', JSON.stringify(formatInterval(interval, width))],
    );
  }
  if (score.details !== '') fields.push(['verbose_score', JSON.stringify(score.details)]);
  for (const part of signature === '' ? [] : signature.split('|')) {
    const [name, value] = part.split(':') as [string, string];
    fields.push([name, JSON.stringify(value)]);
  }
  return `{\n${fields.map(([name, value]) => ` ${JSON.stringify(name)}: ${value}`).join(',\n')}\n}`;
}

/** sacrebleu omits the interval if the mean is 0. */
const isShown = (interval: ConfidenceInterval | null): interval is ConfidenceInterval =>
  interval !== null && interval.mean > 0;

const formatInterval = ({ mean, halfWidth }: ConfidenceInterval, width: number): string =>
  `μ = ${formatFixed(mean, width)} ± ${formatFixed(halfWidth, width)}`;

/** Python's `repr(value)` of a finite float: `100.0`, `1e-05`, `1e+16`. */
export function pythonFloat(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
