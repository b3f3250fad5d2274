import { join } from 'node:path';
import { FolderLock } from '../checkpoint/folder-lock.js';
import type { CheckpointMetadata, TrainingState } from '../checkpoint/metadata.js';
import { isMaximized } from '../checkpoint/metric-direction.js';
import { prepareFolder, writeWhole } from '../checkpoint/whole-file.js';
import { hashDictionary } from '../data/dictionary-file.js';
import type { EpochState } from '../data/epoch-iterator.js';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import type { OptionValues } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import { modelOptions } from '../plugins/model-options.js';
import { openTranslationTask, type TranslationTask } from '../tasks/translation.js';
import { startBleuEvaluation } from './bleu-evaluation.js';
import { buildTrainer } from './build.js';
import { checkKeptBest } from './comparable-values.js';
import { withOptimizerOverrides } from './optimizer-overrides.js';
import { type TrainRequest, UNRECORDED_OPTIONS } from './request.js';
import { laterBestCheckpoints, resume } from './resume.js';
import { type MeterStates, TrainingRun } from './run.js';
import { type BatchedSplit, batchLimits, cutIntoBatches, TrainingData } from './train-data.js';
import { UpdateProfile } from './update-profile.js';
import type { ValidationParts } from './validation.js';
import { hashOfData } from './validation-data.js';

/** A run that is ready to go, with what it is validated on. */
export interface PreparedRun {
  readonly run: TrainingRun;
  readonly validation: { readonly parts: ValidationParts; readonly splits: readonly BatchedSplit[] };
  readonly profile: UpdateProfile | null;
}

/**
 * Makes everything ready and checks what can be checked, before hours of work depend on it.
 * @throws UserError for every mistake in options, data or checkpoints
 */
export function prepareRun(request: TrainRequest): PreparedRun {
  checkOptions(request);
  // Before anything is read there: another run may be writing it.
  const lock = request.options.noSave ? null : new FolderLock(request.options.saveDir);
  try {
    return setUpLocked(withOptimizerOverrides(withDirection(request)), lock);
  } catch (error) {
    lock?.release({ removeFolders: true });
    throw error;
  }
}

function setUpLocked(request: TrainRequest, lock: FolderLock | null): PreparedRun {
  const { options } = request;
  const task = openTranslationTask(request.data, options);
  logTask(task);
  const trainer = buildTrainer(request, task);
  const { model, criterion } = trainer.parts;
  const startBleu = options.evalBleu ? startBleuEvaluation(task, model, options) : null;
  const splits = options.disableValidation ? [] : validationSplits(request, task, trainer.parts.model);
  const identity = identityOf(request, task, splits[0]);
  const resumed = resume(trainer, request, task, identity);
  const state = resumed?.state ?? null;
  const superseded = state === null || options.noSave ? [] : laterBestCheckpoints(options, state.updates);
  if (!options.noSave) checkKeptBest(request, identity.options, superseded);
  const data = new TrainingData(
    task,
    batchLimits(task, model, options),
    { ...options, isSharded: request.data.split(':').filter((folder) => folder !== '').length > 1 },
    options.resetDataloader ? undefined : (state?.iterator as unknown as EpochState | undefined),
  );
  const run = new TrainingRun(
    request,
    identity,
    lock,
    trainer,
    data,
    options.resetMeters || options.resetOptimizer ? null : state,
    superseded,
  );
  if (resumed?.valuesCompare && !options.resetMeters) restoreMeters(run, resumed.state);
  if (!options.noSave) {
    prepareFolder(options.saveDir);
    if (request.config !== undefined) {
      writeWhole(join(options.saveDir, 'config.yaml'), [new TextEncoder().encode(request.config)]);
    }
  }
  const profile = request.profiler == null ? null : new UpdateProfile(request.profiler);
  return { run, validation: { parts: { task, model, criterion, startBleu }, splits }, profile };
}

function checkOptions({ options }: TrainRequest): void {
  if (options.maxTokens === null && options.batchSize === null) {
    throw new UserError('no batch size is given', 'add --max-tokens or --batch-size (or both)');
  }
  if (options.shardId >= options.numShards) {
    throw new UserError(
      `--shard-id ${options.shardId} is not below --num-shards ${options.numShards}`,
      'shards are counted from 0',
    );
  }
  if (options.lr.length === 0) throw new UserError('--lr is empty', 'give a learning rate, e.g. --lr 5e-4');
  const frequencies = options.updateFreq;
  if (frequencies.length === 0 || frequencies.some((frequency) => !Number.isInteger(frequency) || frequency < 1)) {
    throw new UserError(`--update-freq ${frequencies.join(',')}`, 'give whole numbers from 1, one for each epoch');
  }
  if (options.bestCheckpointMetric === 'bleu' && !options.evalBleu && !options.disableValidation) {
    throw new UserError('--best-checkpoint-metric bleu needs the BLEU of the validation data', 'add --eval-bleu');
  }
}

/** A request that says which value of the checkpoint metric is the best, as the metric has it. */
function withDirection(request: TrainRequest): TrainRequest {
  const { bestCheckpointMetric: metric, maximizeBestCheckpointMetric: asked, disableValidation } = request.options;
  const maximized = isMaximized(metric, asked);
  if (maximized && !asked && !disableValidation) {
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
    maxSentences: options.batchSizeValid ?? options.batchSize,
  };
  return options.validSubset
    .split(',')
    .map((split) => cutIntoBatches(task, task.loadSplit(split), limits, options.ignorePrefixSize));
}

/** What all checkpoints of a run say about it. */
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

/** The options of every plug-in, with the defaults that were not given. */
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
  const { train, train_inner } = meters as unknown as MeterStates;
  statistics.train.state = train;
  statistics.train_inner.state = train_inner;
}
