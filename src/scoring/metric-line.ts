import { Bleu, Chrf, formatScore, type Metric, Ter } from 'sacrebleu-ts';
import type { SacrebleuScoring } from './scorings.js';

interface MetricSettings {
  readonly ignoreCase?: boolean; // default: false; TER always ignores case
  readonly order?: number; // of BLEU; default: 4
}

interface TextPair {
  readonly reference: string;
  readonly hypothesis: string;
}

/**
 * Formats a score with its signature: `BLEU|nrefs:1|…|version:2.6.0 = 29.21 49.6/38.5/33.2/27.5 (BP = 0.804 …)`,
 * `chrF2|nrefs:1|… = 52.30`, `TER|nrefs:1|… = 48.10`.
 */
export function metricLine(
  scoring: SacrebleuScoring,
  pairs: readonly TextPair[],
  settings: MetricSettings = {},
): string {
  const metric = metricFor(scoring, settings);
  const score = metric.corpusScore(
    pairs.map(({ hypothesis }) => hypothesis),
    [pairs.map(({ reference }) => reference)],
  );
  return formatScore(score, { signature: metric.signature() });
}

function metricFor(scoring: SacrebleuScoring, { ignoreCase = false, order = 4 }: MetricSettings): Metric {
  if (scoring === 'chrf') return new Chrf({ lowercase: ignoreCase });
  return scoring === 'ter' ? new Ter() : new Bleu({ lowercase: ignoreCase, maxNgramOrder: order });
}
