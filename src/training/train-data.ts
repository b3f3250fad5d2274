import { EpochIterator, type EpochState } from '../data/epoch-iterator.js';
import type { Workers } from '../distributed/workers.js';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import type { TranslationModel } from '../plugins/model.js';
import type { TranslationBatch } from '../tasks/collate.js';
import { nothingLeft } from '../tasks/nothing-left.js';
import type { TaskBatchOptions, TranslationTask } from '../tasks/translation.js';
import type { TranslationData } from '../tasks/translation-data.js';
import type { DatasetOptions } from './options.js';

/** A split cut into batches. */
export interface BatchedSplit {
  readonly data: TranslationData;
  readonly batches: readonly Int32Array[]; // sentence ids
}

/** The limits of batches, from the options, the task and the model. */
export function batchLimits(
  task: TranslationTask,
  model: TranslationModel,
  options: Pick<
    DatasetOptions,
    'maxTokens' | 'batchSize' | 'requiredBatchSizeMultiple' | 'skipInvalidSizeInputsValidTest'
  > & { readonly seed: number },
): TaskBatchOptions {
  return {
    maxTokens: options.maxTokens,
    maxSentences: options.batchSize,
    requiredBatchSizeMultiple: options.requiredBatchSizeMultiple,
    skipInvalidSizes: options.skipInvalidSizeInputsValidTest,
    maxPositions: {
      source: Math.min(task.options.maxSourcePositions, model.maxPositions.source),
      target: Math.min(task.options.maxTargetPositions, model.maxPositions.target),
    },
    seed: options.seed,
  };
}

/**
 * Cuts an open split into batches and logs how many sentences were skipped.
 * @param ignorePrefixSize the number of tokens at the start of each target that the loss ignores
 * @throws UserError if the split has no targets, a sentence is too long and not to be skipped, or no sentence or no
 * token of the loss is left
 */
export function cutIntoBatches(
  task: TranslationTask,
  data: TranslationData,
  limits: TaskBatchOptions,
  ignorePrefixSize: number,
): BatchedSplit {
  if (data.sizes.target === null) {
    throw new UserError(
      `the split '${data.split}' has no ${task.targetLang} side, so no loss can be computed`,
      `binarise both languages with ts-fairseq preprocess`,
    );
  }
  const { batches, skipped } = task.makeBatches(data, limits);
  if (batches.length === 0) throw nothingLeft(data);
  checkPrefix(data.split, longestTarget(batches, data.sizes.target), ignorePrefixSize);
  const skippedNote = skipped.length > 0 ? `; skipped ${skipped.length} that are too long` : '';
  log.message(`${data.split}: ${data.length} sentences, ${batches.length} batches${skippedNote}`);
  return { data, batches };
}

/** The length of the longest target, in tokens with `</s>`. */
function longestTarget(batches: readonly Int32Array[], sizes: ArrayLike<number>): number {
  let longest = 0;
  for (const ids of batches) for (const id of ids) longest = Math.max(longest, sizes[id]!);
  return longest;
}

function checkPrefix(split: string, longest: number, ignorePrefixSize: number): void {
  if (ignorePrefixSize < longest) return;
  throw new UserError(
    `--ignore-prefix-size ${ignorePrefixSize} leaves no token in the split '${split}': its longest target has ${longest} tokens, including </s>`,
    'give a smaller number',
  );
}

/**
 * The batches of the training data. One data folder is cut into batches once. With several folders, separated by
 * colons, each epoch uses the next one.
 */
export class TrainingData {
  #split: BatchedSplit;
  #iterator: EpochIterator;

  constructor(
    readonly task: TranslationTask,
    readonly limits: TaskBatchOptions,
    readonly options: DatasetOptions & {
      readonly seed: number;
      readonly isSharded: boolean;
      readonly ignorePrefixSize: number;
    },
    state: EpochState | null = null,
  ) {
    const epoch = state?.epoch ?? 1;
    this.#split = this.#open(epoch);
    this.#iterator = this.#iterate(state);
  }

  /** The current epoch, or the next one if the current one has ended; 1-based. */
  get nextEpoch(): number {
    return this.state.epoch;
  }

  /** The data of the current epoch. */
  get data(): TranslationData {
    return this.#split.data;
  }

  get epoch(): number {
    return this.#iterator.epoch;
  }

  get endOfEpoch(): boolean {
    return this.#iterator.endOfEpoch;
  }

  get state(): EpochState {
    return this.#iterator.state();
  }

  updatesPerEpoch(updateFrequency: number): number {
    return this.#iterator.updatesPerEpoch(updateFrequency);
  }

  /** The number of completed updates in this epoch. */
  updatesDone(updateFrequency: number): number {
    return Math.ceil(this.#iterator.iterationsInEpoch / updateFrequency);
  }

  /** Opens the data of the next epoch if each epoch has its own folder. */
  beginEpoch(): void {
    if (!this.options.isSharded || !this.#iterator.endOfEpoch) return;
    const state = this.#iterator.state();
    this.close();
    this.#split = this.#open(state.epoch);
    this.#iterator = this.#iterate(state);
  }

  /**
   * Yields the micro-batches of each update in the rest of this epoch, or in the next epoch if this one has ended.
   * @param updateFrequency the number of micro-batches of an update, over all ranks
   * @param workers of which this rank's share is yielded; at the end of an epoch it may be empty
   */
  *updates(updateFrequency: number, workers: Workers): Generator<TranslationBatch[], void, undefined> {
    for (const group of this.#iterator.updates(updateFrequency)) {
      yield workers.shareOf(group).map((ids) => this.task.collate(this.#split.data, ids));
    }
  }

  close(): void {
    this.#split.data.close();
  }

  #open(epoch: number): BatchedSplit {
    const data = this.task.loadSplit(this.options.trainSubset, epoch);
    const limits = { ...this.limits, epoch: this.options.isSharded ? epoch : 1 };
    return cutIntoBatches(this.task, data, limits, this.options.ignorePrefixSize);
  }

  #iterate(state: EpochState | null): EpochIterator {
    const { seed, curriculum, numShards: shards, shardId: shard } = this.options;
    const iterator = new EpochIterator(
      this.#split.batches,
      { seed, curriculum, sharding: { shards, shard } },
      state ?? undefined,
    );
    const { batchesPerEpoch, iterationsInEpoch } = iterator;
    if (batchesPerEpoch === 0) {
      throw new UserError(
        `--num-shards ${shards} leaves no batch for --shard-id ${shard}: the epoch has only ${this.#split.batches.length} batches`,
        'use fewer shards, or lower --max-tokens or --batch-size',
      );
    }
    if (iterationsInEpoch > 0 && iterationsInEpoch >= batchesPerEpoch) {
      throw new UserError(
        `training resumes after batch ${iterationsInEpoch} of epoch ${iterator.epoch}, which now has only ${batchesPerEpoch}`,
        'give the same data and batch sizes as before, or repeat the epoch with --reset-dataloader',
      );
    }
    return iterator;
  }
}
