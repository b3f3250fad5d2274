import { loadMetadata } from '../../checkpoint/checkpoint.js';
import type { CheckpointMetadata } from '../../checkpoint/metadata.js';
import { deviceOptions, openRequestedDevice } from '../../devices/index.js';
import { UserError } from '../../errors.js';
import { loadModel } from '../../inference/load-models.js';
import { checkRecordedOptions } from '../../options/recorded.js';
import { defineOptions, type OptionSchema, type OptionValues } from '../../options/schema.js';
import { selectOptions } from '../../options/select.js';
import { openTranslationTask, translationOptions } from '../../tasks/translation.js';
import { checkOutputLengths, startBleuEvaluation } from '../../training/bleu-evaluation.js';
import type { Stats } from '../../training/events.js';
import {
  batchSeed,
  datasetOptions,
  evaluationOptions,
  lossOptions,
  optimizationOptions,
} from '../../training/options.js';
import { batchLimits, cutIntoBatches } from '../../training/train-data.js';
import { validate } from '../../training/validation.js';
import { defineCommand } from '../command.js';
import { ignoredInValidation } from '../options/ignored-flags.js';
import { warnOfIgnored } from '../options/ignored-options.js';
import { taskOption } from '../options/task-option.js';
import { unsupportedInValidation } from '../options/unsupported-training-flags.js';
import { logOptions, startLog } from '../output/log-sink.js';
import { loadComponents, userDirOption } from '../plugins/user-dir.js';

const selection = defineOptions({
  path: {
    kind: 'string',
    default: null,
    metavar: 'STEM',
    group: 'Model',
    help: 'checkpoint stem or fairseq .pt file',
  },
  criterion: {
    kind: 'string',
    default: null,
    metavar: 'NAME',
    group: 'Model',
    help: 'loss, with its own options (default: the one that the checkpoint was trained with)',
  },
});

const { validSubset, maxTokens, batchSize, requiredBatchSizeMultiple, skipInvalidSizeInputsValidTest, maxValidSteps } =
  datasetOptions;

/** Options that default to the values in the checkpoint; so do the criterion's own options. */
const recordedOptions = {
  sentenceAvg: optimizationOptions.sentenceAvg,
  ...evaluationOptions,
  ...lossOptions,
} as const;

const options = {
  ...selection,
  ...userDirOption,
  validSubset,
  maxTokens,
  batchSize,
  requiredBatchSizeMultiple,
  skipInvalidSizeInputsValidTest,
  maxValidSteps,
  ...recordedOptions,
  seed: batchSeed,
  ...taskOption,
  ...translationOptions,
  ...deviceOptions,
  ...logOptions,
} as const;

export const validateCommand = defineCommand({
  name: 'validate',
  description: 'Prints the loss of a checkpoint on a split and, with --eval-bleu, BLEU.',
  arguments: [{ name: 'data', help: 'data folder' }],
  options,
  examples: [
    'ts-fairseq validate data-bin/de-en --path checkpoints/checkpoint_best --valid-subset test --max-tokens 4096',
  ],
  async extend({ criterion, path, userDir }) {
    if (criterion === null && path === null) return [];
    const { criterions } = await loadComponents({ userDir });
    const { name, options } =
      criterion === null
        ? criterions.getRecorded(recordedCriterion(path!, loadMetadata(path!)), path!)
        : criterions.get(criterion);
    return [{ title: `Criterion ${name}`, schema: options }];
  },
  unsupported: unsupportedInValidation,
  ignored: ignoredInValidation,
  async run({ args, options: commandLine, all, explicitKeys, ignored }) {
    if (commandLine.path === null) {
      throw new UserError('--path is missing', 'name the checkpoint, e.g. --path checkpoints/checkpoint_best');
    }
    const stopLog = startLog(commandLine);
    try {
      warnOfIgnored(ignored);
      const { architectures, criterions } = await loadComponents(commandLine);
      const task = openTranslationTask(args[0]!, commandLine);
      const device = await openRequestedDevice(commandLine);
      const { model, metadata } = await loadModel(commandLine.path, task, architectures, device);
      const explicitValues = pick(all, explicitKeys);
      const values: OptionValues = { ...metadata.options, ...explicitValues };
      const definition = criterions.getRecorded(
        commandLine.criterion ?? recordedCriterion(commandLine.path, metadata),
        commandLine.path,
      );
      const checked = checkRecordedOptions(commandLine.path, values, optionsInUse(commandLine.path, values));
      const options = { ...commandLine, ...selectOptions(recordedOptions, checked) };
      // A criterion other than the checkpoint's uses its own defaults, even for options with the same name.
      const ofCriterion = definition.name === metadata.options.criterion ? values : explicitValues;
      const criterion = definition.build(
        selectOptions(definition.options, checkRecordedOptions(commandLine.path, ofCriterion, definition.options)),
      );
      const startBleu = options.evalBleu ? startBleuEvaluation(task, model, options) : null;
      const limits = batchLimits(task, model, options);
      // Loads all splits before computing, so that an error in one of them stops the command at its start.
      const splits = options.validSubset
        .split(',')
        .map((name) => cutIntoBatches(task, task.loadSplit(name), limits, options.ignorePrefixSize));
      if (options.evalBleu) checkOutputLengths(task, model, options, splits);
      for (const split of splits) {
        const name = split.data.split;
        const epoch = metadata.training?.epoch ?? 1;
        const { stats } = await validate({ task, model, criterion, startBleu }, split, epoch, options);
        split.data.close();
        process.stdout.write(`${commandLine.logFormat === 'json' ? jsonMetrics(name, stats) : metrics(name, stats)}\n`);
      }
      model.dispose();
    } finally {
      stopLog();
    }
  },
});

/** @throws UserError if the checkpoint does not record a criterion */
function recordedCriterion(path: string, { options: { criterion } }: CheckpointMetadata): string {
  if (typeof criterion === 'string') return criterion;
  throw new UserError(`${path} does not record the criterion that it was trained with`, 'choose one with --criterion');
}

/** The recorded options to check. A fairseq checkpoint may record unknown evaluation options, which matter with --eval-bleu only. */
function optionsInUse(path: string, values: OptionValues): OptionSchema {
  const { evalBleu, sentenceAvg } = recordedOptions;
  const evaluates = checkRecordedOptions(path, values, { evalBleu }).evalBleu === true;
  return evaluates ? recordedOptions : { ...lossOptions, evalBleu, sentenceAvg };
}

const metrics = (subset: string, stats: Stats): string =>
  [`valid on '${subset}' subset`, ...stats.map(([name, value]) => `${name} ${value}`)].join(' | ');

/** As Python's json.dumps writes it. */
const jsonMetrics = (subset: string, stats: Stats): string =>
  `{${stats.map(([name, value]) => `${JSON.stringify(`${subset}_${name}`)}: ${JSON.stringify(value)}`).join(', ')}}`;

/** The options with these keys. */
const pick = (all: OptionValues, keys: ReadonlySet<string>): OptionValues =>
  Object.fromEntries(Object.entries(all).filter(([key]) => keys.has(key)));
