import { loadMetadata } from '../../checkpoint/checkpoint.js';
import type { CheckpointMetadata } from '../../checkpoint/metadata.js';
import { deviceOptions, openRequestedDevice } from '../../devices/index.js';
import { UserError } from '../../errors.js';
import { loadModel } from '../../inference/load-models.js';
import { checkRecordedOptions } from '../../options/recorded.js';
import { defineOptions, type OptionSchema, type OptionValues } from '../../options/schema.js';
import { selectOptions } from '../../options/select.js';
import { openTranslationTask, translationOptions } from '../../tasks/translation.js';
import { startBleuEvaluation } from '../../training/bleu-evaluation.js';
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
    help: "the checkpoint, by its stem or fairseq's .pt",
  },
  criterion: {
    kind: 'string',
    default: null,
    metavar: 'NAME',
    group: 'Model',
    help: 'the loss; its own options may follow (default: what the checkpoint was trained with)',
  },
});

const { validSubset, maxTokens, batchSize, requiredBatchSizeMultiple, skipInvalidSizeInputsValidTest, maxValidSteps } =
  datasetOptions;

/** What the checkpoint says where the command line does not, beside the criterion's own options. */
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
  description: 'Prints the loss of a checkpoint on a split and, with --eval-bleu, its BLEU.',
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
  async run({ args, options: asked, all, given, ignored }) {
    if (asked.path === null) {
      throw new UserError('no checkpoint is given', 'add --path, e.g. --path checkpoints/checkpoint_best');
    }
    const stopLog = startLog(asked);
    try {
      warnOfIgnored(ignored);
      const { architectures, criterions } = await loadComponents(asked);
      const task = openTranslationTask(args[0]!, asked);
      const device = await openRequestedDevice(asked);
      const { model, metadata } = await loadModel(asked.path, task, architectures, device);
      const givenValues = pick(all, given);
      const values: OptionValues = { ...metadata.options, ...givenValues };
      const definition = criterions.getRecorded(asked.criterion ?? recordedCriterion(asked.path, metadata), asked.path);
      const checked = checkRecordedOptions(asked.path, values, optionsInUse(asked.path, values));
      const options = { ...asked, ...selectOptions(recordedOptions, checked) };
      // Another criterion than the checkpoint's begins with its own defaults, also for options of the same name.
      const ofCriterion = definition.name === metadata.options.criterion ? values : givenValues;
      const criterion = definition.build(
        selectOptions(definition.options, checkRecordedOptions(asked.path, ofCriterion, definition.options)),
      );
      const startBleu = options.evalBleu ? startBleuEvaluation(task, model, options) : null;
      const limits = batchLimits(task, model, options);
      // All before the first is computed: a mistake in one stops the command at its start.
      const splits = options.validSubset
        .split(',')
        .map((name) => cutIntoBatches(task, task.loadSplit(name), limits, options.ignorePrefixSize));
      for (const split of splits) {
        const name = split.data.split;
        const epoch = metadata.training?.epoch ?? 1;
        const { stats } = await validate({ task, model, criterion, startBleu }, split, epoch, options);
        split.data.close();
        process.stdout.write(`${asked.logFormat === 'json' ? jsonMetrics(name, stats) : metrics(name, stats)}\n`);
      }
      model.dispose();
    } finally {
      stopLog();
    }
  },
});

/** @throws UserError where a checkpoint names no criterion */
function recordedCriterion(path: string, { options: { criterion } }: CheckpointMetadata): string {
  if (typeof criterion === 'string') return criterion;
  throw new UserError(`${path} does not say which criterion it was trained with`, 'name one: --criterion');
}

/** How a fairseq checkpoint evaluates may be unknown here; without --eval-bleu that does not matter. */
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

/** The options that were given on the command line. */
const pick = (all: OptionValues, given: ReadonlySet<string>): OptionValues =>
  Object.fromEntries(Object.entries(all).filter(([key]) => given.has(key)));
