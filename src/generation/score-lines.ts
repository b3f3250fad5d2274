import { Bleu, formatScore } from 'sacrebleu-ts';
import { TextBleuScorer } from './bleu-scorer.js';
import type { OutputOptions } from './options.js';
import type { TranslatedSentence } from './output.js';

/**
 * The last lines of `generate`: fairseq's, and sacreBLEU with its signature beside it. None where a sentence has no
 * reference.
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
  const sacrebleuLine = sacrebleuOf(pairs);
  if (sacrebleu || scoring === 'sacrebleu') return [`${prefix} ${sacrebleuLine}`];
  const scorer = new TextBleuScorer();
  for (const { reference, hypothesis } of pairs) scorer.addLine(reference, hypothesis);
  return [`${prefix} ${scorer.resultLine()}`, sacrebleuLine];
}

/** What the lines say about the run. */
interface ScoredRun {
  readonly genSubset: string;
  readonly beam: number;
}

/** `BLEU|nrefs:1|…|version:2.6.0 = 29.21 49.6/38.5/33.2/27.5 (BP = 0.804 …)` */
function sacrebleuOf(pairs: ReadonlyArray<{ readonly reference: string; readonly hypothesis: string }>): string {
  const bleu = new Bleu();
  const score = bleu.corpusScore(
    pairs.map(({ hypothesis }) => hypothesis),
    [pairs.map(({ reference }) => reference)],
  );
  return formatScore(score, { signature: bleu.signature() });
}
