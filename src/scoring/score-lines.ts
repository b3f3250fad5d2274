import type { OutputOptions } from '../search/options.js';
import type { TranslatedSentence } from '../search/output.js';
import { TextBleuScorer } from './bleu-scorer.js';
import { metricLine } from './metric-line.js';

/**
 * The last lines of `generate`: the score of `--scoring`, and sacreBLEU with its signature. Empty if a sentence has no
 * reference.
 */
export function scoreLines(
  sentences: readonly TranslatedSentence[],
  options: Pick<OutputOptions, 'scoring' | 'sacrebleu' | 'postProcess' | 'replaceUnk'> & ScoredRun,
): string[] {
  const { genSubset, beam, scoring, sacrebleu, postProcess, replaceUnk } = options;
  const pairs = sentences.flatMap(({ detokenizedReference: reference, translations }) =>
    reference === null ? [] : [{ reference, hypothesis: translations[0]?.detokenized ?? '' }],
  );
  if (pairs.length < sentences.length || pairs.length === 0) return [];
  const prefix = `Generate ${genSubset} with beam=${beam}:`;
  const sacrebleuLine = metricLine('sacrebleu', pairs);
  if (sacrebleu || scoring === 'sacrebleu') return [`${prefix} ${sacrebleuLine}`];
  if (scoring !== 'bleu') return [`${prefix} ${metricLine(scoring, pairs)}`, sacrebleuLine];
  const scorer = new TextBleuScorer();
  // As in fairseq, the model's tokens are scored unless an option changes them.
  const scoresTokens = postProcess === null && replaceUnk === null;
  for (const { reference, detokenizedReference, translations } of sentences) {
    const best = translations[0];
    if (scoresTokens) scorer.addLine(reference!, best?.text ?? '');
    else scorer.addLine(detokenizedReference!, best?.detokenized ?? '');
  }
  return [`${prefix} ${scorer.resultLine()}`, sacrebleuLine];
}

/** The settings of the run that the lines mention. */
interface ScoredRun {
  readonly genSubset: string;
  readonly beam: number;
}
