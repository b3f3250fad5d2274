import type { BatchWork } from './model-size.js';

/** The mean work per batch, in whole tokens. */
export function averageWork(works: readonly BatchWork[]): BatchWork {
  const mean = (value: (work: BatchWork) => number): number =>
    Math.round(works.reduce((sum, work) => sum + value(work), 0) / works.length);
  return {
    sourceTokens: mean(({ sourceTokens }) => sourceTokens),
    targetTokens: mean(({ targetTokens }) => targetTokens),
  };
}
