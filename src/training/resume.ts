import { join } from 'node:path';
import { describeCheckpoint, loadCheckpoint } from '../checkpoint/checkpoint.js';
import { checkpointExists } from '../checkpoint/checkpoint-path.js';
import type { CheckpointMetadata } from '../checkpoint/metadata.js';
import { checkRecordedModel, recordedModelOptions } from '../checkpoint/recorded-model.js';
import type { Checkpoint } from '../checkpoint/stored-checkpoint.js';
import { checkTask } from '../checkpoint/task-check.js';
import { isTrainingState, type TrainingState } from '../checkpoint/training-state.js';
import { checkVocabularySizes, knowsDictionaries } from '../checkpoint/vocabulary-check.js';
import { builtInComponents } from '../components.js';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import type { MovingAverage } from '../optim/moving-average.js';
import { restoreOptimizer } from '../optim/optimizer-state.js';
import type { ParameterStore } from '../optim/parameter-store.js';
import { checkWeights, fillArena, loadWeights } from '../optim/weights.js';
import { flagOf } from '../options/schema.js';
import type { TranslationTask } from '../tasks/translation.js';
import { checkSameRun, isAdjustable, isOfFirstWeights } from './compare-runs.js';
import { type CheckpointOptions, checkpointOptions } from './options.js';
import type { TrainRequest } from './request.js';
import { withSharedSymbols } from './shared-symbols.js';
import type { Trainer } from './trainer.js';

/** The default of --restore-file. */
export const LAST = 'checkpoint_last';

/** The checkpoint that a run starts from. */
interface Start {
  readonly stem: string;
  /** Whether only the weights are loaded: --finetune-from-model. */
  readonly weightsOnly: boolean;
}

/** The checkpoint to start from; null for none. @throws UserError if options contradict each other */
export function startingCheckpoint(options: CheckpointOptions): Start | null {
  const { saveDir, restoreFile, finetuneFromModel, finetuneDictionaries } = options;
  const last = join(saveDir, LAST);
  if (finetuneDictionaries !== null && finetuneFromModel === null) {
    throw new UserError(
      '--finetune-dictionaries is given without --finetune-from-model',
      'add --finetune-from-model with the checkpoint of these dictionaries, or remove --finetune-dictionaries',
    );
  }
  if (restoreFile !== LAST && finetuneFromModel !== null) {
    throw new UserError('--restore-file and --finetune-from-model cannot be combined', 'give one of them');
  }
  const [reset] = resetFlags(options);
  if (reset !== undefined && finetuneFromModel !== null) {
    throw new UserError(
      `${reset} and --finetune-from-model cannot be combined`,
      `remove ${reset}: --finetune-from-model takes only the weights`,
    );
  }
  if (restoreFile !== LAST) return { stem: restoreFile, weightsOnly: false };
  if (checkpointExists(last)) return { stem: last, weightsOnly: false };
  return finetuneFromModel === null ? null : { stem: finetuneFromModel, weightsOnly: true };
}

/** The flags in use that reset a part of what training would resume from. */
export function resetFlags(options: CheckpointOptions): string[] {
  const resets = ['resetOptimizer', 'resetLrScheduler', 'resetMeters', 'resetDataloader'] as const;
  return resets.filter((key) => options[key]).map((key) => flagOf(key, checkpointOptions[key]));
}

/** The state that training resumes from. */
export interface Resumed {
  /** The path of the checkpoint without its suffix. */
  readonly stem: string;
  readonly state: TrainingState;
  /** Whether values of the checkpoint metric are comparable with those of this run. */
  readonly valuesComparable: boolean;
}

/**
 * Loads a checkpoint's weights and, when resuming, the optimizer's state and the number of updates.
 * @param identity the metadata of this run, which the checkpoint must match
 * @returns the state to resume from; null if training starts at the first update
 * @throws UserError if the checkpoint is of another model or other dictionaries, or training cannot resume from it
 */
export function resume(
  trainer: Trainer,
  request: TrainRequest,
  task: TranslationTask,
  identity: Omit<CheckpointMetadata, 'training'>,
): Resumed | null {
  const start = startingCheckpoint(request.options);
  if (start === null) return null;
  const { stem, weightsOnly } = start;
  const { resetOptimizer, finetuneDictionaries } = request.options;
  const { model, optimizer, average } = trainer.parts;
  checkRecorded(stem, request);
  const stored = loadCheckpoint(stem, { optimizer: !weightsOnly && !resetOptimizer, ema: average != null });
  if (!weightsOnly) checkTask(stem, stored.metadata);
  if (weightsOnly) warnOfOtherLanguages(stem, stored.metadata, identity);
  const checkpoint =
    weightsOnly && finetuneDictionaries !== null
      ? withSharedSymbols(stem, stored, finetuneDictionaries, { task, model, identity })
      : stored;
  const fitting = weightsOnly ? withLanguagesOf(checkpoint, identity) : checkpoint;
  const remedy = weightsOnly ? OTHER_DICTIONARIES : undefined;
  if (knowsDictionaries(fitting)) checkSameDictionaries(stem, fitting.metadata, identity, remedy);
  else checkVocabularySizes(stem, fitting, vocabularyOf(identity, model.parameters), remedy);
  const changes = changesOfModel(checkpoint.metadata, identity, request);
  checkSameModel(stem, changes, () => (weightsOnly || resetOptimizer) && weightsFit(model.parameters, checkpoint));
  loadWeights(model.parameters, checkpoint.weights, stem);
  if (average != null) restoreAverage(average, checkpoint, stem);
  if (weightsOnly) {
    log.message(`starting from the weights of ${stem}`);
    return null;
  }
  const training = trainingOf(stem, checkpoint);
  const valuesComparable = checkSameRun(stem, { metadata: checkpoint.metadata, training }, identity, request);
  if (!resetOptimizer) {
    checkSameOptimizer(stem, checkpoint.metadata, identity);
    trainer.optimizerSteps = restoreOptimizer(optimizer, model.parameters, optimizerOf(stem, checkpoint), stem);
    trainer.updates = training.updates;
    if (!request.options.resetLrScheduler) restoreSchedule(trainer, training);
    if (!valuesComparable) trainer.parts.lrScheduler.forgetValues?.();
  }
  log.message(`resuming from ${stem} (epoch ${training.epoch} @ ${training.updates} updates)`);
  return { stem, state: training, valuesComparable };
}

/** Checks a checkpoint's recorded options against the architecture that it names: built in, or this run's plug-in. */
function checkRecorded(stem: string, { plugins }: TrainRequest): void {
  const outline = describeCheckpoint(stem);
  const { architecture } = plugins;
  checkRecordedModel(stem, outline, builtInComponents().architectures);
  if (outline.metadata.arch === architecture.name) recordedModelOptions(stem, outline.metadata, architecture);
}

/** Restores the moving average from the checkpoint's average or, as in fairseq, from its weights. */
function restoreAverage(average: MovingAverage, { ema }: Checkpoint, stem: string): void {
  const values = average.begin();
  if (ema !== undefined) fillArena(average.store, values, ema, stem);
  else log.message(`${stem} has no moving average; the average starts from its weights`);
}

function restoreSchedule({ parts: { lrScheduler } }: Trainer, { lrScheduler: state }: TrainingState): void {
  if (state != null && lrScheduler.state !== undefined) lrScheduler.state = state;
}

function trainingOf(stem: string, { metadata }: Checkpoint): TrainingState {
  const { training } = metadata;
  if (training === null) {
    throw new UserError(`${stem} contains only weights, no training state`, 'start from it with --finetune-from-model');
  }
  if (isTrainingState(training)) return training;
  throw new UserError(`the training state in ${stem} is damaged`, 'start from its weights with --finetune-from-model');
}

function optimizerOf(stem: string, { optimizer }: Checkpoint): NonNullable<Checkpoint['optimizer']> {
  if (optimizer !== null) return optimizer;
  throw new UserError(
    `${stem} was saved without the optimizer's state (--no-save-optimizer-state)`,
    'reset that state with --reset-optimizer',
  );
}

/** The remedy if a checkpoint for --finetune-from-model has other dictionaries. */
const OTHER_DICTIONARIES =
  'preprocess with its dictionaries (--srcdict, --tgtdict), or keep the symbols that both have with --finetune-dictionaries DIR, the folder of its dictionaries';

type Identity = Pick<CheckpointMetadata, 'arch' | 'options' | 'dictionaries' | 'languages'>;

function warnOfOtherLanguages(
  stem: string,
  { languages: { source, target } }: Identity,
  { languages }: Identity,
): void {
  if (source === null || target === null || (source === languages.source && target === languages.target)) return;
  log.warning(
    `${stem} was trained for ${source}-${target}; this run starts ${languages.source}-${languages.target} from its weights`,
  );
}

/**
 * The checkpoint with the names of this run's languages, for --finetune-from-model. The meaning of its embeddings
 * depends on its dictionaries, not on the names of the languages.
 */
function withLanguagesOf(checkpoint: Checkpoint, { languages }: Identity): Checkpoint {
  const { metadata } = checkpoint;
  const { source, target } = metadata.languages;
  if (source === null || target === null) return checkpoint;
  const renamed = [
    [languages.source, metadata.dictionaries[source]],
    [languages.target, metadata.dictionaries[target]],
  ].filter(([, hash]) => hash !== undefined);
  return { ...checkpoint, metadata: { ...metadata, languages, dictionaries: Object.fromEntries(renamed) } };
}

function checkSameDictionaries(
  stem: string,
  recorded: Identity,
  now: Identity,
  remedy = 'use the data that it was trained on, or another --save-dir',
): void {
  for (const [language, hash] of Object.entries(now.dictionaries)) {
    if (recorded.dictionaries[language] === hash) continue;
    const problem =
      language in recorded.dictionaries
        ? `${stem} was trained with another dictionary of '${language}'`
        : `${stem} was trained for ${recorded.languages.source}-${recorded.languages.target}, not with '${language}'`;
    throw new UserError(problem, remedy);
  }
}

/** The languages of this run and the sizes of its dictionaries, which are the rows of the model's embeddings. */
function vocabularyOf({ languages }: Identity, store: ParameterStore) {
  const rows = (side: string): number | undefined =>
    store.parameters.find(({ name }) => name === `${side}.embed_tokens.weight`)?.shape[0];
  const source = rows('encoder') ?? 0;
  return {
    source: { language: String(languages.source), size: source },
    target: { language: String(languages.target), size: rows('decoder') ?? source },
  };
}

/** The names in the states of two optimizers may be the same although the meanings differ. */
function checkSameOptimizer(stem: string, recorded: Identity, now: Identity): void {
  const [before, after] = [recorded.options.optimizer, now.options.optimizer];
  if (before === undefined || after === undefined || before === after) return;
  throw new UserError(
    `${stem} was trained with --optimizer ${before}, not ${after}`,
    "use the same optimizer, or reset the optimizer's state with --reset-optimizer",
  );
}

/** The options that differ between the checkpoint's model and this run's, as `--encoder-layers 6, not 4`. */
function changesOfModel(recorded: Identity, now: Identity, { plugins }: TrainRequest): string[] {
  const changes: string[] = [];
  for (const [key, spec] of Object.entries(plugins.architecture.model.options)) {
    const [before, after] = [recorded.options[key], now.options[key]].map((value) => JSON.stringify(value));
    // null: the option takes the value of another one. The shapes of the weights are checked too.
    if (before === after || before === undefined || before === 'null' || after === 'null') continue;
    if (!isAdjustable(key) && !isOfFirstWeights(key)) changes.push(`${flagOf(key, spec)} ${before}, not ${after}`);
  }
  return changes;
}

/**
 * Refuses a changed model. A new training may start from the weights of another model if they fit.
 * @throws UserError that names the first option that differs
 */
function checkSameModel(stem: string, changes: readonly string[], mayDiffer: () => boolean): void {
  if (changes.length === 0) return;
  if (!mayDiffer()) {
    const remedy = 'give the options that it was trained with, or use another checkpoint or --save-dir';
    throw new UserError(`${stem} was trained with ${changes[0]}`, remedy);
  }
  log.warning(`${stem} was trained with ${changes.join('; ')}`);
}

/** Whether a checkpoint's weights have the names and shapes of the model's parameters. */
function weightsFit(store: ParameterStore, { weights }: Checkpoint): boolean {
  try {
    checkWeights(store, weights, '');
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}
