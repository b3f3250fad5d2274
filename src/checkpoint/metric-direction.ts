/** Metrics of which a larger value is always better. fairseq only considers --maximize-best-checkpoint-metric. */
const LARGER_IS_BETTER: ReadonlySet<string> = new Set(['bleu', 'chrf', 'accuracy']);

/** Whether a larger value of the checkpoint metric is better. */
export function isMaximized(metric: unknown, maximizeBestCheckpointMetric: unknown): boolean {
  return maximizeBestCheckpointMetric === true || LARGER_IS_BETTER.has(String(metric));
}
