/** Metrics of which a larger value is better, whatever the options say; fairseq goes by the option alone. */
const LARGER_IS_BETTER: ReadonlySet<string> = new Set(['bleu', 'chrf', 'accuracy']);

/** Whether the largest value of the checkpoint metric is the best. */
export function isMaximized(metric: unknown, maximizeBestCheckpointMetric: unknown): boolean {
  return maximizeBestCheckpointMetric === true || LARGER_IS_BETTER.has(String(metric));
}
