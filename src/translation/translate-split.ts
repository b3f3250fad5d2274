import type { BeamSearch, SearchInput } from '../generation/beam-search.js';
import { type TranslatedSentence, toText } from '../generation/output.js';
import { prefixesOf } from '../generation/prefixes.js';
import { log } from '../log.js';
import type { SourceBatch, TranslationBatch } from '../tasks/collate.js';
import type { TranslationTask } from '../tasks/translation.js';
import type { TranslationData } from '../tasks/translation-data.js';

export interface SplitBatches {
  readonly maxTokens: number | null;
  readonly maxSentences: number | null;
  readonly requiredBatchSizeMultiple: number;
  readonly skipInvalidSizes: boolean;
}

/** fairseq's size of a batch where none is given. */
export const DEFAULT_MAX_TOKENS = 12_000;

/**
 * Translates a split, in the batches that fairseq makes of it; results are in the order of the data, since that is what
 * people compare files by.
 * @param postProcess the subword scheme that `--remove-bpe` undoes
 * @param batches batches of at most 12,000 tokens where it gives no size
 */
export async function translateSplit(
  task: TranslationTask,
  data: TranslationData,
  search: BeamSearch,
  postProcess: string | null,
  batches: SplitBatches,
): Promise<TranslatedSentence[]> {
  const { maxTokens, maxSentences } = batches;
  const made = task.makeBatches(data, {
    ...batches,
    seed: 1,
    maxTokens: maxTokens === null && maxSentences === null ? DEFAULT_MAX_TOKENS : maxTokens,
    maxPositions: search.maxPositions,
  });
  if (made.skipped.length > 0) log.warning(`${made.skipped.length} sentences are too long and were skipped`);
  const translated: TranslatedSentence[] = [];
  const started = performance.now();
  let tokens = 0;
  for (const [index, ids] of made.batches.entries()) {
    const batch = data.sizes.target === null ? task.collateSource(data, ids) : task.collate(data, ids);
    const hypotheses = await search.translate(searchInput(batch, search.options.prefixSize));
    const pairs = new Map(data.pairs(ids).map((pair) => [pair.id, pair]));
    batch.ids.forEach((id, row) => {
      tokens += hypotheses[row]![0]?.tokens.length ?? 0;
      translated.push(toText(pairs.get(id)!, hypotheses[row]!, { ...task, postProcess }));
    });
    log.info('progress', { label: 'translating', position: index + 1, total: made.batches.length });
  }
  logSpeed(translated.length, tokens, (performance.now() - started) / 1000);
  return translated.sort((a, b) => a.id - b.id);
}

/** With the beginning of each reference, where there are references and --prefix-size asks for it. */
const searchInput = (batch: SourceBatch | TranslationBatch, prefixSize: number): SearchInput =>
  prefixSize > 0 && 'target' in batch ? { ...batch, prefixTokens: prefixesOf(batch, prefixSize) } : batch;

function logSpeed(sentences: number, tokens: number, seconds: number): void {
  const count = (value: number): string => value.toLocaleString('en-US');
  const rate = (value: number): string => (value / seconds).toFixed(2);
  log.message(
    `Translated ${count(sentences)} sentences (${count(tokens)} tokens) in ${seconds.toFixed(1)}s ` +
      `(${rate(sentences)} sentences/s, ${rate(tokens)} tokens/s)`,
  );
}
