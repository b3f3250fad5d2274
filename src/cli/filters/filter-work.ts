import type { ApplyBpeFilterOptions } from './apply-bpe-filter.js';
import type { BlockFilter } from './filter-lines.js';
import type { TokenizeFilterOptions } from './tokenize-filter.js';

/** A filter and its options as plain data, which can be sent to a thread. */
export type FilterWork =
  | { readonly command: 'tokenize'; readonly options: TokenizeFilterOptions }
  | { readonly command: 'apply-bpe'; readonly options: ApplyBpeFilterOptions };

/**
 * Creates the filter, importing only what it needs.
 * @throws UserError for invalid options
 */
export async function createFilter(work: FilterWork): Promise<BlockFilter> {
  if (work.command === 'tokenize') return (await import('./tokenize-filter.js')).createTokenizeFilter(work.options);
  return (await import('./apply-bpe-filter.js')).createApplyBpeFilter(work.options);
}
