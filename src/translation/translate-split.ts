import { setImmediate } from 'node:timers/promises';
import { UserError } from '../errors.js';
import { type BeamSearch, type SearchInput, type TranslatedSentence, toText } from '../generation/index.js';
import type { TextOptions } from '../generation/output.js';
import { prefixesOf } from '../generation/prefixes.js';
import { log } from '../log.js';
import type { SourceBatch } from '../tasks/collate.js';
import type { TranslationTask } from '../tasks/translation.js';
import type { TranslationData } from '../tasks/translation-data.js';

export interface SplitOptions extends Pick<TextOptions, 'postProcess' | 'printAlignment'> {
  readonly maxTokens: number | null;
  readonly batchSize: number | null;
  readonly requiredBatchSizeMultiple: number;
  readonly skipInvalidSizeInputsValidTest: boolean;
  readonly seed: number;
  /** Says how far it is every so many batches. */
  readonly logInterval: number;
}

/** fairseq's size of a batch where none is given. */
export const DEFAULT_MAX_TOKENS = 12_000;

/**
 * Translates a split, in the batches that fairseq makes of it; results are in the order of the data, since that is what
 * people compare files by. Of each sentence the `--nbest` translations of the search are kept.
 * @throws UserError for a sentence that is too long, and where --prefix-size has no references to take prefixes from
 */
export async function translateSplit(
  task: TranslationTask,
  data: TranslationData,
  search: BeamSearch,
  options: SplitOptions,
): Promise<TranslatedSentence[]> {
  const batches = cutIntoBatches(task, data, search, options);
  const { postProcess, printAlignment, logInterval } = options;
  const translated: TranslatedSentence[] = [];
  const started = performance.now();
  let tokens = 0;
  for (const [index, ids] of batches.entries()) {
    const input = searchInput(task, data, ids, search.options.prefixSize);
    const hypotheses = await search.translate(input);
    const pairs = new Map(data.pairs(ids).map((pair) => [pair.id, pair]));
    input.ids.forEach((id, row) => {
      const best = hypotheses[row]!.slice(0, search.options.nbest);
      tokens += best[0]?.tokens.length ?? 0;
      translated.push(toText(pairs.get(id)!, best, { ...task, postProcess, printAlignment }));
    });
    await setImmediate(); // lets finalizers in, as in training
    const done = index + 1;
    log.info('progress', { label: 'translating', position: done, total: batches.length });
    if (done % logInterval === 0) log.message(`translated ${done} of ${batches.length} batches`);
  }
  logSpeed(translated.length, tokens, (performance.now() - started) / 1000);
  return translated.sort((a, b) => a.id - b.id);
}

function cutIntoBatches(
  task: TranslationTask,
  data: TranslationData,
  { maxPositions }: BeamSearch,
  options: SplitOptions,
): readonly Int32Array[] {
  const { maxTokens, batchSize } = options;
  const { batches, skipped } = task.makeBatches(data, {
    maxTokens: maxTokens === null && batchSize === null ? DEFAULT_MAX_TOKENS : maxTokens,
    maxSentences: batchSize,
    requiredBatchSizeMultiple: options.requiredBatchSizeMultiple,
    skipInvalidSizes: options.skipInvalidSizeInputsValidTest,
    seed: options.seed,
    maxPositions: {
      source: Math.min(task.options.maxSourcePositions, maxPositions.source),
      target: Math.min(task.options.maxTargetPositions, maxPositions.target),
    },
  });
  log.message(`${data.split}: ${data.length} sentences, ${batches.length} batches`);
  if (skipped.length > 0) log.warning(`${skipped.length} sentences are too long and were skipped`);
  return batches;
}

/** A batch with what its outputs have to begin with. */
function searchInput(
  task: TranslationTask,
  data: TranslationData,
  ids: Int32Array,
  prefixSize: number,
): SearchInput & Pick<SourceBatch, 'ids'> {
  if (prefixSize === 0) return task.collateSource(data, ids);
  if (data.sizes.target === null) {
    throw new UserError(
      `${data.split} has no references, which --prefix-size and --score-reference need`,
      'preprocess both languages, or leave these options out',
    );
  }
  const batch = task.collate(data, ids);
  return { ...batch, prefixTokens: prefixesOf(batch, prefixSize) };
}

function logSpeed(sentences: number, tokens: number, seconds: number): void {
  const count = (value: number): string => value.toLocaleString('en-US');
  const rate = (value: number): string => (value / seconds).toFixed(2);
  log.message(
    `Translated ${count(sentences)} sentences (${count(tokens)} tokens) in ${seconds.toFixed(1)}s ` +
      `(${rate(sentences)} sentences/s, ${rate(tokens)} tokens/s)`,
  );
}
