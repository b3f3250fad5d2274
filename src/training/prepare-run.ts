import { dirname, join, resolve } from 'node:path';
import { prepareFolder, writeAtomically } from '../checkpoint/atomic-file.js';
import { FolderLock } from '../checkpoint/folder-lock.js';
import type { CheckpointMetadata } from '../checkpoint/metadata.js';
import { isMaximized } from '../checkpoint/metric-direction.js';
import type { TrainingState } from '../checkpoint/training-state.js';
import { hashDictionary } from '../data/dictionary-file.js';
import { alone } from '../distributed/workers.js';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import type { OptionValues } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import { modelOptions } from '../plugins/model-options.js';
import { openTranslationTask, type TranslationTask } from '../tasks/translation.js';
import { BestValue, EarlyStopping } from './best-value.js';
import { checkOutputLengths, startBleuEvaluation } from './bleu-evaluation.js';
import { buildTrainer } from './build.js';
import { CheckpointSaver, laterBestCheckpoints, type TrainingRun } from './checkpoint-saver.js';
import { checkKeptBest } from './compare-runs.js';
import { hashOfData } from './hash-of-data.js';
import { withOptimizerOverrides } from './optimizer-overrides.js';
import { type TrainRequest, UNRECORDED_OPTIONS } from './request.js';
import { type Resumed, resume } from './resume.js';
import { checkSameStart } from './same-start.js';
import { UpdateStatistics } from './statistics.js';
import { type BatchedSplit, batchLimits, cutIntoBatches, TrainingData } from './train-data.js';
import { UpdateProfile } from './update-profile.js';
import type { ValidationParts } from './validation.js';

/** A run that is ready to start. */
export interface PreparedRun {
  readonly run: TrainingRun;
  readonly saver: CheckpointSaver;
  /** The lock of --save-dir; null with --no-save, and on all ranks but the first. */
  readonly lock: FolderLock | null;
  readonly validation: { readonly parts: ValidationParts; readonly splits: readonly BatchedSplit[] };
  readonly profile: UpdateProfile | null;
}

/**
 * Prepares a run and checks everything that can be checked before training starts.
 * @throws UserError for mistakes in options, data or checkpoints
 */
export async function prepareRun(request: TrainRequest): Promise<PreparedRun> {
  const { workers = alone(), options } = request;
  workers.world.describe('the start of training');
  // Lock the folder before reading from it: another run may be writing to it.
  const lock = await workers.together(() => {
    checkOptions(request);
    return options.noSave || !workers.isFirst ? null : new FolderLock(options.saveDir);
  });
  try {
    const prepared = await workers.together(() => prepareLocked(withOptimizerOverrides(withDirection(request)), lock));
    await checkSameStart(prepared);
    prepared.run.trainer.divideState();
    await workers.together(() => {
      if (lock !== null) prepareSaveDir(request);
    });
    return prepared;
  } catch (error) {
    lock?.release({ removeFolders: true });
    throw error;
  }
}

function prepareLocked(request: TrainRequest, lock: FolderLock | null): PreparedRun {
  const { options } = request;
  const task = openTranslationTask(request.data, options);
  logTask(task);
  const trainer = buildTrainer(request, task);
  const { model, criterion } = trainer.parts;
  const startBleu = options.evalBleu ? startBleuEvaluation(task, model, options) : null;
  const splits = options.disableValidation ? [] : validationSplits(request, task, trainer.parts.model);
  if (options.evalBleu) checkOutputLengths(task, model, options, splits);
  const identity = identityOf(request, task, splits[0]);
  const resumed = resume(trainer, request, task, identity);
  const state = resumed?.state ?? null;
  const superseded = supersededBy(resumed, options);
  if (!options.noSave) checkKeptBest(request, identity.options, superseded);
  const data = new TrainingData(
    task,
    batchLimits(task, model, options),
    { ...options, isSharded: request.data.split(':').filter((folder) => folder !== '').length > 1 },
    options.resetDataloader ? null : (state?.iterator ?? null),
  );
  const { maximizeBestCheckpointMetric: maximize, patience } = options;
  const bestSoFar = options.resetMeters || options.resetOptimizer ? null : state;
  const run: TrainingRun = {
    request,
    trainer,
    data,
    statistics: { train: new UpdateStatistics(), train_inner: new UpdateStatistics() },
    best: new BestValue(maximize, bestSoFar?.bestMetric ?? null),
    earlyStopping: new EarlyStopping(patience, maximize, bestSoFar?.earlyStopping),
  };
  if (resumed?.valuesComparable && !options.resetMeters) restoreMeters(run, resumed.state);
  const profile = request.profiler == null ? null : new UpdateProfile(request.profiler);
  const saver = new CheckpointSaver(run, identity, lock, superseded);
  return { run, saver, lock, validation: { parts: { task, model, criterion, startBleu }, splits }, profile };
}

/**
 * The best checkpoints that this run saves again because it resumes from an earlier one of its folder. Those of another
 * run stay.
 */
function supersededBy(resumed: Resumed | null, options: TrainRequest['options']): readonly string[] {
  if (resumed === null || options.noSave || options.resetOptimizer || options.keepBestCheckpoints <= 0) return [];
  const isOfThisFolder = dirname(resolve(resumed.stem)) === resolve(options.saveDir);
  return isOfThisFolder ? laterBestCheckpoints(options, resumed.state.updates) : [];
}

/** Creates --save-dir, and writes the options into it. */
function prepareSaveDir({ options: { saveDir }, config }: TrainRequest): void {
  prepareFolder(saveDir);
  if (config !== undefined) writeAtomically(join(saveDir, 'config.yaml'), [new TextEncoder().encode(config)]);
}

function checkOptions({ options }: TrainRequest): void {
  if (options.maxTokens === null && options.batchSize === null) {
    throw new UserError('no batch size is given', 'add --max-tokens or --batch-size (or both)');
  }
  if (options.shardId >= options.numShards) {
    throw new UserError(
      `--shard-id ${options.shardId} is not less than --num-shards ${options.numShards}`,
      'shards are numbered from 0',
    );
  }
  if (options.lr.length === 0) throw new UserError('--lr is empty', 'give a learning rate, e.g. --lr 5e-4');
  const frequencies = options.updateFreq;
  if (frequencies.length === 0 || frequencies.some((frequency) => !Number.isInteger(frequency) || frequency < 1)) {
    throw new UserError(
      `--update-freq ${frequencies.join(',')} is not valid`,
      'give integers of at least 1, one per epoch',
    );
  }
  if (options.emaSeedModel !== null && !options.storeEma) {
    throw new UserError('--ema-seed-model has no effect without --store-ema', 'add --store-ema');
  }
  if (options.bestCheckpointMetric === 'bleu' && !options.evalBleu && !options.disableValidation) {
    throw new UserError('--best-checkpoint-metric bleu requires the BLEU of the validation data', 'add --eval-bleu');
  }
}

/** Sets --maximize-best-checkpoint-metric for a metric of which a larger value is always better. */
function withDirection(request: TrainRequest): TrainRequest {
  const { bestCheckpointMetric: metric, maximizeBestCheckpointMetric: requested, disableValidation } = request.options;
  const maximized = isMaximized(metric, requested);
  if (maximized && !requested && !disableValidation) {
    log.message(
      `--best-checkpoint-metric ${metric}: the largest value is the best, as with --maximize-best-checkpoint-metric`,
    );
  }
  return { ...request, options: { ...request.options, maximizeBestCheckpointMetric: maximized } };
}

function logTask(task: TranslationTask): void {
  const { sourceLang, targetLang, sourceDictionary, targetDictionary } = task;
  log.message(`[${sourceLang}] dictionary: ${sourceDictionary.size} types`);
  log.message(`[${targetLang}] dictionary: ${targetDictionary.size} types`);
}

function validationSplits(
  { options }: TrainRequest,
  task: TranslationTask,
  model: Parameters<typeof batchLimits>[1],
): BatchedSplit[] {
  const limits = {
    ...batchLimits(task, model, options),
    maxTokens: options.maxTokensValid ?? options.maxTokens,
    maxTokensFlag: options.maxTokensValid === null ? '--max-tokens' : '--max-tokens-valid',
    maxSentences: options.batchSizeValid ?? options.batchSize,
  };
  return options.validSubset
    .split(',')
    .map((split) => cutIntoBatches(task, task.loadSplit(split), limits, options.ignorePrefixSize));
}

/** The metadata that all checkpoints of a run share. */
function identityOf(
  request: TrainRequest,
  task: TranslationTask,
  validation: BatchedSplit | undefined,
): Omit<CheckpointMetadata, 'training'> {
  const { criterion, optimizer, lrScheduler } = request.plugins;
  const chosen = { criterion: criterion.name, optimizer: optimizer.name, lrScheduler: lrScheduler.name };
  const recorded = Object.entries({ ...request.all, ...request.options, ...pluginOptions(request), ...chosen }).filter(
    ([key]) => !UNRECORDED_OPTIONS.has(key),
  );
  return {
    version: request.version,
    task: 'translation',
    arch: request.plugins.architecture.name,
    options: Object.fromEntries(recorded),
    languages: { source: task.sourceLang, target: task.targetLang },
    dictionaries: {
      [task.sourceLang]: hashDictionary(task.sourceDictionary),
      [task.targetLang]: hashDictionary(task.targetDictionary),
    },
    machine: request.machine,
    ...(validation === undefined ? {} : { validationData: hashOfData(validation.data) }),
  };
}

/** The options of all plug-ins, including defaults. */
function pluginOptions({ all, plugins }: TrainRequest): OptionValues {
  const { architecture, criterion, optimizer, lrScheduler } = plugins;
  return {
    ...modelOptions(architecture, all),
    ...selectOptions(criterion.options, all),
    ...selectOptions(optimizer.options, all),
    ...selectOptions(lrScheduler.options, all),
  };
}

function restoreMeters({ statistics }: TrainingRun, { meters }: TrainingState): void {
  statistics.train.state = meters.train;
  statistics.train_inner.state = meters.train_inner;
}
