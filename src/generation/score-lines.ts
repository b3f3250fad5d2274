import { TextBleuScorer } from './bleu-scorer.js';
import { metricLine } from './metric-line.js';
import type { OutputOptions } from './options.js';
import type { TranslatedSentence } from './output.js';

/**
 * The last lines of `generate`: the score that `--scoring` names, and sacreBLEU with its signature beside it. None where
 * a sentence has no reference.
 */
export function scoreLines(
  sentences: readonly TranslatedSentence[],
  { genSubset, beam, scoring, sacrebleu }: Pick<OutputOptions, 'scoring' | 'sacrebleu'> & ScoredRun,
): string[] {
  const pairs = sentences.flatMap(({ reference, translations }) =>
    reference === null ? [] : [{ reference, hypothesis: translations[0]?.text ?? '' }],
  );
  if (pairs.length < sentences.length || pairs.length === 0) return [];
  const prefix = `Generate ${genSubset} with beam=${beam}:`;
  const sacrebleuLine = metricLine('sacrebleu', pairs);
  if (sacrebleu || scoring === 'sacrebleu') return [`${prefix} ${sacrebleuLine}`];
  if (scoring !== 'bleu') return [`${prefix} ${metricLine(scoring, pairs)}`, sacrebleuLine];
  const scorer = new TextBleuScorer();
  for (const { reference, hypothesis } of pairs) scorer.addLine(reference, hypothesis);
  return [`${prefix} ${scorer.resultLine()}`, sacrebleuLine];
}

/** What the lines say about the run. */
interface ScoredRun {
  readonly genSubset: string;
  readonly beam: number;
}
