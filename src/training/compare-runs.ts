import { join } from 'node:path';
import { loadMetadata } from '../checkpoint/checkpoint.js';
import { bestValueOf } from '../checkpoint/checkpoint-names.js';
import { listCheckpoints } from '../checkpoint/checkpoint-path.js';
import type { CheckpointMetadata } from '../checkpoint/metadata.js';
import type { RecordedTrainingState } from '../checkpoint/training-state.js';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import { parseJsonOptions } from '../options/json-options.js';
import { checkRecordedOptions } from '../options/recorded.js';
import { flagOf, type OptionSchema, type OptionSpec, type OptionValues } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import { searchOptions } from '../search/index.js';
import { checkpointOptions, evaluationOptions, lossOptions } from './options.js';
import { type TrainRequest, trainingOptions } from './request.js';

type Identity = Omit<CheckpointMetadata, 'training'>;

/**
 * Compares the run that saved a checkpoint with the run that resumes from it. The best value, patience and the schedule
 * compare metrics across both runs, so the metrics must be comparable. One warning lists the other changed options.
 * @returns whether the metrics are comparable; false only if an option resets the old values
 * @throws UserError if they are not comparable and no option resets them
 */
export function checkSameRun(
  stem: string,
  { metadata, training }: { readonly metadata: Identity; readonly training: RecordedTrainingState },
  now: Identity,
  { options, plugins }: TrainRequest,
): boolean {
  const compared = { recorded: metadata.options, now: now.options, plugins };
  const hasValues =
    training.bestMetric !== null || training.earlyStopping.best !== null || training.lrScheduler != null;
  const incomparable = incomparableOptions(compared).filter(({ key }) => key === 'criterion' || hasValues);
  const resets = options.resetMeters || options.resetOptimizer;
  if (incomparable.length > 0 && !resets) throw notComparable(stem, incomparable);
  if (!resets) warnOfOtherData(stem, metadata, training, now);
  if (!options.resetOptimizer) warnOfChanges(stem, changedOptions(compared));
  return incomparable.length === 0;
}

const notComparable = (stem: string, changes: readonly ChangedOption[]): UserError =>
  new UserError(
    `${stem} was trained with ${changes.map(({ flag, before, after }) => `${flag} ${before}, not ${after}`).join('; ')}: its best value is not comparable with those of this run`,
    'reset the best value with --reset-meters (or --reset-optimizer), or choose another --save-dir',
  );

function warnOfChanges(stem: string, changes: readonly ChangedOption[]): void {
  if (changes.length === 0) return;
  const named = changes.map(({ flag, before, after }) => `${flag} ${after} (was ${before})`);
  log.warning(`resuming from ${stem} with changed options: ${named.join(', ')}`);
}

function warnOfOtherData(stem: string, recorded: Identity, { bestMetric }: RecordedTrainingState, now: Identity): void {
  const [before, after] = [recorded.validationData, now.validationData];
  if (before === undefined || after === undefined || before === after || bestMetric === null) return;
  log.warning(
    `the validation data differs from that of ${stem}; its best ${recorded.options.bestCheckpointMetric}, ${bestMetric}, still counts; --reset-meters resets it`,
  );
}

/**
 * Checks the checkpoints that --keep-best-checkpoints ranks by the value in their name.
 * @param except names that are removed before they are ranked
 * @throws UserError if a checkpoint's value is not comparable with those of this run
 */
export function checkKeptBest({ options, plugins }: TrainRequest, now: OptionValues, except: readonly string[]): void {
  const { bestCheckpointMetric, keepBestCheckpoints, saveDir } = options;
  if (keepBestCheckpoints <= 0) return;
  const valueIn = bestValueOf(bestCheckpointMetric);
  for (const name of listCheckpoints(saveDir)) {
    if (valueIn(name) === null || except.includes(name)) continue;
    const { options: recorded } = loadMetadata(join(saveDir, name));
    const [change] = incomparableOptions({ recorded, now, plugins });
    if (change === undefined) continue;
    throw new UserError(
      `${join(saveDir, name)} was trained with ${change.flag} ${change.before}, not ${change.after}: --keep-best-checkpoints cannot compare its value`,
      'move it to another folder, or choose another --save-dir',
    );
  }
}

/** An option whose value differs between a checkpoint and the run that resumes from it. */
interface ChangedOption {
  readonly key: string;
  readonly flag: string;
  /** The recorded value, as on the command line. */
  readonly before: string;
  readonly after: string;
}

/** The options that a checkpoint records, and those that this run would record. */
interface Compared {
  readonly recorded: OptionValues;
  readonly now: OptionValues;
  readonly plugins: TrainRequest['plugins'];
}

const CHOICE: OptionSpec = { kind: 'string', default: null, help: '' };

/** The options that choose a plug-in. */
const CHOICES: OptionSchema = { criterion: CHOICE, optimizer: CHOICE, lrScheduler: CHOICE };

/** Options that choose the metric and the data that it is measured on. */
const METRIC_OPTIONS = ['bestCheckpointMetric', 'maximizeBestCheckpointMetric', 'maxValidSteps'];

/** Options that affect the BLEU of the validation data. */
const BLEU_OPTIONS = Object.keys(evaluationOptions).filter(
  (key) => !['evalBleu', 'evalBleuPrintSamples'].includes(key),
);

/** Options of criterions that add metrics to the log without changing the loss. */
const REPORT_OPTIONS = ['reportAccuracy'];

/** Options that do not change what a run computes, or that another check compares. */
const NOT_COMPARED: ReadonlySet<string> = new Set([
  ...Object.keys(checkpointOptions).filter((key) => !['patience', 'bestCheckpointMetric'].includes(key)),
  'maximizeBestCheckpointMetric', // incomparableOptions compares it
  'sourceLang', // resume compares the names of the dictionaries
  'targetLang',
  'maxEpoch',
  'maxUpdate',
  'stopTimeHours',
  'numWorkers',
  'emaSeedModel',
  'emaFp32',
  'evalBleuPrintSamples',
]);

/**
 * The changed options that make the checkpoint metrics of two runs incomparable: the criterion (for every metric, as in
 * fairseq), the metric, and the options that affect its value.
 */
export function incomparableOptions(compared: Compared): ChangedOption[] {
  const { now, plugins } = compared;
  const decisive = new Set([
    'criterion',
    ...METRIC_OPTIONS,
    ...optionsOfMetric(String(now.bestCheckpointMetric), plugins),
  ]);
  return changes(compared, (key) => decisive.has(key));
}

function optionsOfMetric(metric: string, { criterion }: TrainRequest['plugins']): readonly string[] {
  if (metric === 'bleu') return BLEU_OPTIONS;
  const likelihoodOptions = Object.keys(lossOptions);
  if (metric !== 'loss') return likelihoodOptions;
  return [
    ...likelihoodOptions,
    'sentenceAvg',
    ...Object.keys(criterion.options).filter((key) => !REPORT_OPTIONS.includes(key)),
  ];
}

/**
 * The other changed options that affect training, without those that change the model's shape: `resume` refuses them.
 */
function changedOptions(compared: Compared): ChangedOption[] {
  const { options: modelOptions } = compared.plugins.architecture.model;
  return changes(compared, (key) => !NOT_COMPARED.has(key) && (!(key in modelOptions) || isAdjustable(key)));
}

/** Whether an option of a model may change during training, because it does not change the model's shape. */
export const isAdjustable = (key: string): boolean => /drop/i.test(key);

/** Whether an option of a model affects only its initial weights. */
export const isOfFirstWeights = (key: string): boolean => /EmbedPath$/.test(key);

function changes({ recorded, now, plugins }: Compared, isCompared: (key: string) => boolean): ChangedOption[] {
  const specs: OptionSchema = {
    ...CHOICES,
    ...plugins.architecture.model.options,
    ...plugins.criterion.options,
    ...plugins.optimizer.options,
    ...plugins.lrScheduler.options,
    ...trainingOptions,
  };
  return Object.entries(specs).flatMap(([key, spec]) => {
    const [before, after] = [recorded, now].map((options) => canonical(key, spec, options[key]));
    if (!isCompared(key) || before === undefined || after === undefined || before === after) return [];
    return { key, flag: flagOf(key, spec), before: shown(recorded[key]), after: shown(now[key]) };
  });
}

/** A text that is the same for equal values; undefined if the value is not recorded, or not valid for the option. */
function canonical(key: string, spec: OptionSpec, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  try {
    const checked = checkRecordedOptions('', { [key]: value }, { [key]: spec })[key];
    return JSON.stringify(key === 'evalBleuArgs' ? searchOf(String(checked)) : checked);
  } catch {
    return undefined;
  }
}

/** The search options of --eval-bleu-args, including defaults. */
const searchOf = (json: string): OptionValues =>
  selectOptions(searchOptions, parseJsonOptions('--eval-bleu-args', json, searchOptions));

const shown = (value: unknown): string =>
  Array.isArray(value) ? value.map(shown).join(',') : value === null ? 'none' : String(value);
