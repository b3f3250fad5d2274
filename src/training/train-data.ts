import { EpochIterator, type EpochState } from '../data/epoch-iterator.js';
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

/** The limits on batches that the options, the task and the model set together. */
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
 * Cuts an opened split into batches and says in the log what was left out.
 * @param ignorePrefixSize tokens at the beginning of each target that the loss leaves out
 * @throws UserError where there are no targets, for a sentence that is too long, unless such are to be skipped, and where
 * no sentence, or no token that counts, is left
 */
export function cutIntoBatches(
  task: TranslationTask,
  data: TranslationData,
  limits: TaskBatchOptions,
  ignorePrefixSize: number,
): BatchedSplit {
  if (data.sizes.target === null) {
    throw new UserError(
      `the split '${data.split}' has no ${task.targetLang} side, so that there is no loss`,
      `binarise both languages with ts-fairseq preprocess`,
    );
  }
  const { batches, skipped } = task.makeBatches(data, limits);
  if (batches.length === 0) throw nothingLeft(data);
  checkPrefix(data.split, longestTarget(batches, data.sizes.target), ignorePrefixSize);
  const left = skipped.length > 0 ? `; ${skipped.length} too long and skipped` : '';
  log.message(`${data.split}: ${data.length} sentences, ${batches.length} batches${left}`);
  return { data, batches };
}

/** In tokens with `</s>`. */
function longestTarget(batches: readonly Int32Array[], sizes: ArrayLike<number>): number {
  let longest = 0;
  for (const ids of batches) for (const id of ids) longest = Math.max(longest, sizes[id]!);
  return longest;
}

function checkPrefix(split: string, longest: number, ignorePrefixSize: number): void {
  if (ignorePrefixSize < longest) return;
  throw new UserError(
    `--ignore-prefix-size ${ignorePrefixSize} leaves no token of the split '${split}': its longest target has ${longest}, with </s>`,
    'give a smaller number',
  );
}

/**
 * The training data, epoch after epoch. One data folder is cut into batches once; of several, separated by colons, each
 * epoch takes the next.
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
    state?: EpochState,
  ) {
    const epoch = state?.epoch ?? 1;
    this.#split = this.#open(epoch);
    this.#iterator = this.#iterate(state);
  }

  /** The epoch that comes next, or that goes on; 1-based. */
  get nextEpoch(): number {
    return this.state.epoch;
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

  /** Updates of this epoch that are done. */
  updatesDone(updateFrequency: number): number {
    return Math.ceil(this.#iterator.iterationsInEpoch / updateFrequency);
  }

  /** Opens the data of the epoch that comes next, where each epoch has its own. */
  beginEpoch(): void {
    if (!this.options.isSharded || !this.#iterator.endOfEpoch) return;
    const state = this.#iterator.state();
    this.close();
    this.#split = this.#open(state.epoch);
    this.#iterator = this.#iterate(state);
  }

  /** What remains of this epoch, or the next one: the micro-batches of update after update. */
  *updates(updateFrequency: number): Generator<TranslationBatch[], void, undefined> {
    for (const group of this.#iterator.updates(updateFrequency)) {
      yield group.map((ids) => this.task.collate(this.#split.data, ids));
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

  #iterate(state: EpochState | undefined): EpochIterator {
    const { seed, curriculum, numShards: shards, shardId: shard } = this.options;
    const iterator = new EpochIterator(this.#split.batches, { seed, curriculum, sharding: { shards, shard } }, state);
    if (iterator.batchesPerEpoch > 0) return iterator;
    throw new UserError(
      `--num-shards ${shards} leaves no batch for --shard-id ${shard}: there are ${this.#split.batches.length}`,
      'take fewer shards, or lower --max-tokens or --batch-size',
    );
  }
}
