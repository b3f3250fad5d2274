/** The choices of `--scoring`: fairseq's BLEU on tokens, and sacrebleu's metrics on plain text. */
export const SCORINGS = ['bleu', 'sacrebleu', 'chrf', 'ter'] as const;

/** The scorings that sacreBLEU computes. */
export type SacrebleuScoring = Exclude<(typeof SCORINGS)[number], 'bleu'>;
