import { formatJson, formatNumber, formatScore } from '../format.js';
import type { Metric } from '../metric.js';
import { countReferences } from '../references.js';
import { confidenceInterval } from '../significance/resample.js';
import type { Paint } from './colors.js';
import type { Values } from './flags.js';
import type { Corpus } from './input.js';

/** The scores of one system, as sacrebleu prints them. */
export function singleReport(
  { systems, references }: Corpus,
  metrics: readonly Metric[],
  values: Values,
  seed: bigint | null,
  paint: Paint,
): string {
  const count = countReferences(references);
  const results = metrics.map((metric) => {
    const statistics = metric.statisticsOfSegments(systems[0]!.hypotheses, references);
    const score = metric.score(totalOf(metric, statistics));
    const resampled = values.confidence && values.confidenceN > 1;
    const interval = resampled ? confidenceInterval(metric, statistics, { samples: values.confidenceN, seed }) : null;
    const signature = metric.signature(count, {
      short: values.short && values.format !== 'json',
      ...(resampled && { bootstrap: values.confidenceN, seed }),
    });
    const options = { width: values.width, signature, interval };
    if (values.scoreOnly) return formatNumber(score, options);
    return values.format === 'json' ? formatJson(score, options) : formatScore(score, options);
  });
  if (values.format === 'json') return results.length > 1 ? `[\n${results.join(',\n')}\n]\n` : `${results[0]}\n`;
  return alignedAtEquals(results.map((line) => colorInterval(line, paint)));
}

/** One score per line, by one metric. */
export function sentenceReport({ systems, references }: Corpus, metric: Metric, values: Values): string {
  const signature = metric.signature(references.length, { short: values.short });
  const lines = systems[0]!.hypotheses.map((hypothesis, segment) => {
    const own = references.map((stream) => stream[segment]!);
    const score = metric.sentenceScore(hypothesis, own);
    const options = { width: values.width, signature };
    return `${values.scoreOnly ? formatNumber(score, options) : formatScore(score, options)}\n`;
  });
  return lines.join('');
}

function totalOf(metric: Metric, statistics: readonly (readonly number[])[]): number[] {
  const sums = [...metric.noStatistics()];
  for (const row of statistics) for (let column = 0; column < sums.length; column++) sums[column]! += row[column]!;
  return sums;
}

const colorInterval = (line: string, paint: Paint): string =>
  line.replace(/\(μ = [0-9.]+ ± [0-9.]+\)/, (interval) => paint(interval, 'cyan'));

/** Indents the lines so that their equals signs are aligned. */
function alignedAtEquals(lines: readonly string[]): string {
  if (lines.length === 1) return `${lines[0]}\n`;
  const positions = lines.map((line) => line.indexOf('='));
  const position = Math.max(...positions);
  const without = lines.filter((_, index) => positions[index]! < 0);
  const others = lines.filter((_, index) => positions[index]! >= 0);
  const moved = others.map((line) => ' '.repeat(position - line.indexOf('=')) + line);
  return [...without, ...moved].map((line) => `${line}\n`).join('');
}
