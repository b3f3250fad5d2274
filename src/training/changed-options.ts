import { parseJsonOptions } from '../options/json-options.js';
import { checkRecordedOptions } from '../options/recorded.js';
import { flagOf, type OptionSchema, type OptionSpec, type OptionValues } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import { searchOptions } from '../search/index.js';
import { checkpointOptions, evaluationOptions, lossOptions } from './options.js';
import { type TrainRequest, trainingOptions } from './request.js';

/** An option that a checkpoint was trained with and a run that goes on from it is not. */
export interface ChangedOption {
  readonly key: string;
  readonly flag: string;
  /** As on the command line. */
  readonly before: string;
  readonly after: string;
}

/** What a checkpoint records, and what this run would record. */
interface Compared {
  readonly recorded: OptionValues;
  readonly now: OptionValues;
  readonly plugins: TrainRequest['plugins'];
}

/** The choices of plug-ins, each of which has options of its own. */
const CHOICES = ['criterion', 'optimizer', 'lrScheduler'];

/** The choice of the metric and of the data that it is measured on. */
const OF_EVERY_METRIC = ['bestCheckpointMetric', 'maximizeBestCheckpointMetric', 'maxValidSteps'];

const OF_BLEU = Object.keys(evaluationOptions).filter((key) => !['evalBleu', 'evalBleuPrintSamples'].includes(key));

/** Options of criterions that report metrics and leave the loss as it is. */
const REPORTS = ['reportAccuracy'];

/** Options that change what is kept or where a run begins, not what it computes. */
const NOT_COMPARED: ReadonlySet<string> = new Set([
  ...Object.keys(checkpointOptions).filter((key) => !['patience', 'bestCheckpointMetric'].includes(key)),
  'maximizeBestCheckpointMetric', // it goes with the metric
  'sourceLang', // the names of the dictionaries are compared
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
 * What makes the values of two runs' checkpoint metrics incomparable: the criterion (as in fairseq, whatever the metric),
 * the metric, and what the metric is computed with.
 */
export function incomparableOptions(compared: Compared): ChangedOption[] {
  const { now, plugins } = compared;
  const decisive = new Set([
    'criterion',
    ...OF_EVERY_METRIC,
    ...optionsOfMetric(String(now.bestCheckpointMetric), plugins),
  ]);
  return changes(compared, (key) => decisive.has(key));
}

function optionsOfMetric(metric: string, { criterion }: TrainRequest['plugins']): readonly string[] {
  if (metric === 'bleu') return OF_BLEU;
  const ofLikelihood = Object.keys(lossOptions);
  if (metric !== 'loss') return ofLikelihood;
  return [...ofLikelihood, 'sentenceAvg', ...Object.keys(criterion.options).filter((key) => !REPORTS.includes(key))];
}

/** What else changes the course of training. Options of a model that shape it are not among them: they are refused. */
export function changedOptions(compared: Compared): ChangedOption[] {
  const { options: ofModel } = compared.plugins.architecture.model;
  return changes(compared, (key) => !NOT_COMPARED.has(key) && (!(key in ofModel) || isAdjustable(key)));
}

/** Options of a model that may change in the middle of training, as they do not shape it. */
export const isAdjustable = (key: string): boolean => /drop/i.test(key);

/** Options of a model that count for its first weights only. */
export const isOfFirstWeights = (key: string): boolean => /EmbedPath$/.test(key);

function changes({ recorded, now, plugins }: Compared, isCompared: (key: string) => boolean): ChangedOption[] {
  const { model } = plugins.architecture;
  const specs: OptionSchema = {
    ...model.options,
    ...plugins.criterion.options,
    ...plugins.optimizer.options,
    ...plugins.lrScheduler.options,
    ...trainingOptions,
  };
  const choices = CHOICES.map((key) => [key, null] as const);
  return [...choices, ...Object.entries(specs)].flatMap(([key, spec]) => {
    const [before, after] = [recorded, now].map((options) => comparable(key, spec, options[key]));
    if (!isCompared(key) || before === undefined || after === undefined || before === after) return [];
    // The null of a model's option follows another one, as the decoder's width follows the encoder's.
    if (key in model.options && [before, after].includes('null')) return [];
    const flag = spec === null ? flagOf(key, NAME) : flagOf(key, spec);
    return { key, flag, before: shown(recorded[key]), after: shown(now[key]) };
  });
}

const NAME: OptionSpec = { kind: 'string', default: null, help: '' };

/** Equal texts are equal values; undefined where a value is not recorded, or was recorded by a fairseq that has others. */
function comparable(key: string, spec: OptionSpec | null, value: unknown): string | undefined {
  if (value === undefined || spec === null) return value as string | undefined;
  try {
    const checked = checkRecordedOptions('', { [key]: value }, { [key]: spec })[key];
    return JSON.stringify(key === 'evalBleuArgs' ? searchOf(String(checked)) : checked);
  } catch {
    return undefined;
  }
}

/** The search that --eval-bleu-args asks for, defaults included. */
const searchOf = (json: string): OptionValues =>
  selectOptions(searchOptions, parseJsonOptions('--eval-bleu-args', json, searchOptions));

const shown = (value: unknown): string =>
  Array.isArray(value) ? value.map(shown).join(',') : value === null ? 'none' : String(value);
