import { setImmediate } from 'node:timers/promises';
import { peakMemory } from '../devices/peak-memory.js';
import type { Workers } from '../distributed/workers.js';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import { type SearchInput, type SequenceGenerator, type TranslatedSentence, toText } from '../search/index.js';
import type { TextOptions } from '../search/output.js';
import { prefixesOf } from '../search/prefixes.js';
import type { SourceBatch } from '../tasks/collate.js';
import { nothingLeft } from '../tasks/nothing-left.js';
import type { TranslationTask } from '../tasks/translation.js';
import type { TranslationData } from '../tasks/translation-data.js';

/** How translations become text. */
export type TextSettings = Pick<TextOptions, 'postProcess' | 'printAlignment' | 'unknownWords' | 'detokenize'>;

/** How sentences are grouped into batches. */
export interface BatchSettings {
  readonly maxTokens: number | null;
  readonly batchSize: number | null;
  readonly requiredBatchSizeMultiple: number;
  readonly skipInvalidSizeInputsValidTest: boolean;
  readonly seed: number;
  /** The number of shards that the batches are divided into, and the shard to translate. */
  readonly numShards?: number; // 1
  readonly shardId?: number; // 0
}

/** Options for translating a split. */
export interface SplitOptions extends TextSettings, BatchSettings {
  /** The number of batches between two progress messages. */
  readonly logInterval: number;
}

/** fairseq's default batch size in tokens. */
export const DEFAULT_MAX_TOKENS = 12_000;

/**
 * Translates a split in fairseq's batches. Each rank translates its share of them, and all get all translations. Results are in
 * the order of the data, so that files can be compared line by line. The `--nbest` best translations of each sentence are kept.
 * @throws UserError if a sentence is too long, if there is nothing to translate, or if --prefix-size lacks references
 */
export async function translateSplit(
  task: TranslationTask,
  data: TranslationData,
  search: SequenceGenerator,
  options: SplitOptions,
  workers: Workers,
): Promise<TranslatedSentence[]> {
  const batches = cutIntoBatches(task, data, search, options);
  if (batches.length === 0) throw nothingToTranslate(data, options);
  const { logInterval } = options;
  const started = performance.now();
  log.message(`${data.split}: ${data.length} sentences, ${batches.length} batches`);
  const own = workers.shareOf(batches);
  const byBatch: (readonly TranslatedSentence[])[] = [];
  for await (const { sentences } of translateBatches(task, data, own, search, options)) {
    byBatch.push(sentences);
    const done = Math.min(byBatch.length * workers.size, batches.length);
    log.info('progress', { label: 'translating', position: done, total: batches.length });
    if (byBatch.length % logInterval === 0) log.message(`translated ${done} of ${batches.length} batches`);
  }
  workers.world.describe(`the end of '${data.split}'`);
  const translated = (await workers.collect(byBatch)).flat();
  const tokens = translated.reduce((sum, { translations: [best] }) => sum + (best?.tokens.length ?? 0), 0);
  log.message(speedLine(translated.length, tokens, (performance.now() - started) / 1000));
  log.message(peakMemory());
  return translated.sort((a, b) => a.id - b.id);
}

function nothingToTranslate(data: TranslationData, { numShards = 1, shardId = 0 }: BatchSettings): UserError {
  if (data.length === 0 || numShards === 1) return nothingLeft(data);
  return new UserError(
    `--num-shards ${numShards} leaves no batch of '${data.split}' for --shard-id ${shardId}`,
    'use fewer shards, or lower --max-tokens or --batch-size',
  );
}

/** The sentences of a batch, in its order, and the search time. */
export interface TranslatedBatch {
  readonly sentences: readonly TranslatedSentence[];
  readonly seconds: number;
}

/**
 * Translates batches one after another.
 * @param lines line numbers and phrases, if the data are lines of text
 */
export async function* translateBatches(
  task: TranslationTask,
  data: TranslationData,
  batches: readonly Int32Array[],
  search: SequenceGenerator,
  settings: TextSettings,
  lines?: NumberedLines,
): AsyncGenerator<TranslatedBatch> {
  const textOptions = { ...task, ...settings };
  for (const ids of batches) {
    const input = searchInput(task, data, ids, search.options.prefixSize);
    const started = performance.now();
    const hypotheses = await search.translate(lines === undefined ? input : { ...input, ...lines.inputOf(input.ids) });
    const seconds = (performance.now() - started) / 1000;
    const pairs = new Map(data.pairs(ids).map((pair) => [pair.id, pair]));
    const sentences = Array.from(input.ids, (id, row) =>
      toText(pairs.get(id)!, hypotheses[row]!.slice(0, lines?.nbestOf(id) ?? search.options.nbest), textOptions),
    );
    await setImmediate(); // lets finalizers run, as in training
    yield { sentences, seconds };
  }
}

/** What lines of text add to the input of a batch: their numbers in the text, and phrases; and to its output. */
export interface NumberedLines {
  /** The number of translations that a line needs; undefined: as many as the search keeps. */
  nbestOf(id: number): number | undefined;
  inputOf(ids: Int32Array): Pick<SearchInput, 'ids' | 'phrases'>;
}

/** Divides a split into batches and returns those of this shard. */
export function cutIntoBatches(
  task: TranslationTask,
  data: TranslationData,
  { maxPositions }: SequenceGenerator,
  options: BatchSettings,
): readonly Int32Array[] {
  const { maxTokens, batchSize, numShards = 1, shardId = 0 } = options;
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
  if (skipped.length > 0) log.warning(`${skipped.length} sentences are too long and were skipped`);
  return batches.filter((_, index) => index % numShards === shardId);
}

/** A batch with the prefixes that its outputs must begin with. */
function searchInput(
  task: TranslationTask,
  data: TranslationData,
  ids: Int32Array,
  prefixSize: number,
): SearchInput & Pick<SourceBatch, 'ids'> {
  if (prefixSize === 0) return task.collateSource(data, ids);
  if (data.sizes.target === null) {
    throw new UserError(
      `${data.split} has no references, which --prefix-size and --score-reference require`,
      'preprocess both languages, or omit these options',
    );
  }
  const batch = task.collate(data, ids);
  return { ...batch, prefixTokens: prefixesOf(batch, prefixSize) };
}

/** fairseq's line at the end of `generate`. */
export function speedLine(sentences: number, tokens: number, seconds: number): string {
  const count = (value: number): string => `${value}`.replace(/\B(?=(\d{3})+$)/g, ','); // toLocaleString would take 20 ms
  const rate = (value: number): string => (value / seconds).toFixed(2);
  return (
    `Translated ${count(sentences)} sentences (${count(tokens)} tokens) in ${seconds.toFixed(1)}s ` +
    `(${rate(sentences)} sentences/s, ${rate(tokens)} tokens/s)`
  );
}
