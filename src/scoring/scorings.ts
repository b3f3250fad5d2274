/** What `--scoring` chooses from: fairseq's BLEU of the tokens as they are, and sacrebleu's metrics of plain text. */
export const SCORINGS = ['bleu', 'sacrebleu', 'chrf', 'ter'] as const;

/** The scorings that sacreBLEU computes. */
export type SacrebleuScoring = Exclude<(typeof SCORINGS)[number], 'bleu'>;
