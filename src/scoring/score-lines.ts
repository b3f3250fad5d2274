import type { OutputOptions } from '../search/options.js';
import type { TranslatedSentence } from '../search/output.js';
import { TextBleuScorer } from './bleu-scorer.js';
import { metricLine } from './metric-line.js';

/**
 * The last lines of `generate`: the score that `--scoring` names, and sacreBLEU with its signature beside it. None where
 * a sentence has no reference.
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
  // As in fairseq: the tokens of the model, but where an option makes others of them.
  const scoresTokens = postProcess === null && replaceUnk === null;
  for (const { reference, detokenizedReference, translations } of sentences) {
    const best = translations[0];
    if (scoresTokens) scorer.addLine(reference!, best?.text ?? '');
    else scorer.addLine(detokenizedReference!, best?.detokenized ?? '');
  }
  return [`${prefix} ${scorer.resultLine()}`, sacrebleuLine];
}

/** What the lines say about the run. */
interface ScoredRun {
  readonly genSubset: string;
  readonly beam: number;
}
