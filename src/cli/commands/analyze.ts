import { join } from 'node:path';
import type { Analysis, Probe } from '../../analysis/analysis.js';
import { criterionsToCompare, type LabelledCriterion } from '../../analysis/criterions.js';
import { analysisTable } from '../../analysis/table.js';
import { loadMetadata, saveCheckpoint } from '../../checkpoint/checkpoint.js';
import type { CheckpointMetadata } from '../../checkpoint/metadata.js';
import { projectionShape, withOutputProjection } from '../../checkpoint/untied-projection.js';
import { prepareFolder } from '../../checkpoint/whole-file.js';
import type { Components } from '../../components.js';
import type { Device } from '../../devices/device.js';
import { deviceOptions, openRequestedDevice } from '../../devices/index.js';
import { UserError } from '../../errors.js';
import { analysisJson, distinctNames, writeAnalyses } from '../../experiments/analysis-files.js';
import { loadModel } from '../../inference/load-model.js';
import { log } from '../../log.js';
import { checkRecordedOptions } from '../../options/recorded.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { selectOptions } from '../../options/select.js';
import type { TranslationModel } from '../../plugins/model.js';
import { openTranslationTask, type TranslationTask, translationOptions } from '../../tasks/translation.js';
import { analyzeModel, probeModel } from '../../training/analyze-model.js';
import { batchSeed, datasetOptions, lossOptions, optimizationOptions } from '../../training/options.js';
import { checkFeatureMemory, type ModelOfTask } from '../../training/split-rows.js';
import { type BatchedSplit, batchLimits, cutIntoBatches } from '../../training/train-data.js';
import { defineCommand } from '../command.js';
import { taskOption } from '../options/task-option.js';
import { logOptions, startLog } from '../output/log-sink.js';
import { loadComponents, userDirOption } from '../plugins/user-dir.js';

const { batchSize, requiredBatchSizeMultiple, skipInvalidSizeInputsValidTest, trainSubset } = datasetOptions;

const options = {
  ...defineOptions({
    data: { kind: 'string', default: null, metavar: 'DIR', group: 'Dataset', help: 'data folder' },
    genSubset: { kind: 'string', default: 'test', metavar: 'SPLIT', group: 'Dataset', help: 'split to analyze' },
    maxTokens: {
      kind: 'int',
      default: 4096,
      min: 1,
      group: 'Dataset',
      help: 'maximum tokens in a batch: it bounds the memory, and is the batch of the gradient norms',
    },
  }),
  batchSize,
  requiredBatchSizeMultiple,
  skipInvalidSizeInputsValidTest,
  trainSubset: { ...trainSubset, help: 'split that the gradient norms and the probe use' },
  seed: { ...batchSeed, help: 'of the order of batches and of the probe' },
  ...defineOptions({
    labelSmoothing: {
      kind: 'float',
      default: 0.1,
      min: 0,
      max: 1,
      group: 'Gradients',
      help: 'ε of the criterions with smoothed labels that the checkpoint is compared with',
    },
    gradientBatches: {
      kind: 'int',
      default: 20,
      min: 0,
      group: 'Gradients',
      help: 'average the norm of the gradient over N batches; 0: leave it out',
    },
    gradientSubset: {
      kind: 'string',
      default: null,
      metavar: 'SPLIT',
      group: 'Gradients',
      help: 'split of these batches (default: --train-subset if the data has it, else --gen-subset)',
    },
    probeEpochs: {
      kind: 'int',
      default: 0,
      min: 0,
      group: 'Probe',
      help: 'train a new output projection on the frozen features for N epochs, and write the model with it to --output as the checkpoint probe; 0: leave it out',
    },
    probeLr: { kind: 'float', default: 1e-3, min: 0, group: 'Probe', help: "Adam's learning rate for it" },
    probeMemory: {
      kind: 'float',
      default: 4,
      min: 0,
      metavar: 'GIB',
      group: 'Probe',
      help: 'memory that the features of --train-subset may take',
    },
    output: {
      kind: 'string',
      default: null,
      metavar: 'DIR',
      group: 'Output',
      help: 'write analysis.json (NAME.json for several checkpoints), margins.csv, reliability.csv and gradients.csv',
    },
    json: { kind: 'boolean', default: false, group: 'Output', help: 'print JSON instead of a table' },
  }),
  ...userDirOption,
  ...taskOption,
  ...translationOptions,
  ...deviceOptions,
  ...logOptions,
} as const;

type AnalyzeOptions = OptionsOf<typeof options>;

export const analyzeCommand = defineCommand({
  name: 'analyze',
  description:
    "Measures checkpoints on a split, teacher-forced and without dropout: energies, margins, calibration, the gradients of the paper's criterions, and how good a new output projection gets on the frozen features.",
  arguments: [
    { name: 'checkpoint', help: "checkpoints, by their stems or fairseq's .pt; one column each", variadic: true },
  ],
  options,
  examples: [
    'ts-fairseq analyze checkpoints/averaged --data data-bin/de-en --output analysis',
    'ts-fairseq analyze ce/averaged el/averaged --data data-bin/de-en --gradient-batches 0',
    'ts-fairseq analyze checkpoints/averaged --data data-bin/de-en --probe-epochs 10 --output analysis',
  ],
  async run({ args, options }) {
    const stopLog = startLog(options);
    try {
      const names = distinctNames(args);
      const analyses = await analyze(args, names, options);
      if (options.output !== null) writeAnalyses(options.output, analyses, names);
      process.stdout.write(`${output(analyses, names, options)}\n`);
    } finally {
      stopLog();
    }
  },
});

function output(analyses: readonly Analysis[], names: readonly string[], { json }: AnalyzeOptions): string {
  if (!json) return analysisTable(analyses, names).join('\n');
  const texts = analyses.map(analysisJson);
  return texts.length === 1 ? texts[0]! : `[\n${texts.join(',\n')}\n]`;
}

/** What is the same for all checkpoints. */
interface Setup {
  readonly options: AnalyzeOptions;
  readonly components: Components;
  readonly device: Device;
  readonly task: TranslationTask;
}

async function analyze(
  stems: readonly string[],
  names: readonly string[],
  options: AnalyzeOptions,
): Promise<readonly Analysis[]> {
  const { data, output } = options;
  if (data === null) throw new UserError('--data is missing', 'name the data folder that preprocess made');
  if (options.probeEpochs > 0 && output === null) {
    throw new UserError('--probe-epochs needs --output', 'name the folder for the checkpoint with the new projection');
  }
  const components = await loadComponents(options);
  // A mistake in the last checkpoint shows before the first one is computed.
  const criterions = stems.map((stem) => criterionsOf(stem, loadMetadata(stem), components, options.labelSmoothing));
  const task = openTranslationTask(data, options);
  checkSplits(task, options);
  if (output !== null) prepareFolder(output);
  const setup = { options, components, device: await openRequestedDevice(options), task };
  const analyses: Analysis[] = [];
  for (const [index, stem] of stems.entries()) {
    const probeName = stems.length === 1 ? 'probe' : `${names[index]!}-probe`;
    analyses.push(await analyzeCheckpoint(stem, setup, criterions[index]!, data, join(output ?? '', probeName)));
  }
  return analyses;
}

/** The criterion of a checkpoint and those that it is compared with. @throws UserError if it records none */
function criterionsOf(
  stem: string,
  metadata: CheckpointMetadata,
  { criterions }: Components,
  labelSmoothing: number,
): LabelledCriterion[] {
  const { criterion: name } = metadata.options;
  if (typeof name !== 'string') {
    throw new UserError(
      `${stem} does not say which criterion it was trained with`,
      'analyze a checkpoint that train or average-checkpoints wrote',
    );
  }
  const definition = criterions.getRecorded(name, stem);
  const options = checkRecordedOptions(stem, metadata.options, definition.options);
  return criterionsToCompare(criterions, { definition, options }, labelSmoothing);
}

/** @throws UserError if a split does not exist */
function checkSplits(task: TranslationTask, options: AnalyzeOptions): void {
  task.loadSplit(options.genSubset).close();
  if (options.gradientBatches > 0) task.loadSplit(gradientSubset(task, options)).close();
  if (options.probeEpochs > 0) task.loadSplit(options.trainSubset).close();
}

const gradientSubset = (task: TranslationTask, options: AnalyzeOptions): string =>
  options.gradientSubset ?? (task.hasSplit(options.trainSubset) ? options.trainSubset : options.genSubset);

async function analyzeCheckpoint(
  stem: string,
  setup: Setup,
  criterions: readonly LabelledCriterion[],
  data: string,
  probeStem: string,
): Promise<Analysis> {
  const { options, components, device, task } = setup;
  log.message(`analyzing ${stem}`);
  const { model, metadata } = loadModel(stem, task, components.architectures, device);
  const splits = new BatchedSplits(setup, model);
  try {
    const recorded = { ...lossOptions, sentenceAvg: optimizationOptions.sentenceAvg };
    const { ignorePrefixSize, sentenceAvg } = selectOptions(
      recorded,
      checkRecordedOptions(stem, metadata.options, recorded),
    );
    const modelOfTask = { task, model, ignorePrefixSize };
    const split = splits.cut(options.genSubset, ignorePrefixSize);
    const request = {
      model: modelOfTask,
      kernels: device.arenaKernels,
      criterions,
      split,
      gradients: {
        split: options.gradientBatches === 0 ? split : splits.cut(gradientSubset(task, options), ignorePrefixSize),
        batches: options.gradientBatches,
        seed: options.seed,
        sentenceAvg,
        epoch: metadata.training?.epoch ?? 1,
      },
    };
    const probing = options.probeEpochs > 0 ? prepareProbe(stem, setup, modelOfTask, metadata, splits) : null;
    const analysis = await analyzeModel(request);
    const probe = probing === null ? null : await probing(split, probeStem);
    return { checkpoint: stem, data, ...analysis, probe };
  } finally {
    splits.close();
    model.dispose();
  }
}

/** Splits, cut into batches for a model; each is opened once. */
class BatchedSplits {
  readonly #cut = new Map<string, BatchedSplit>();

  constructor(
    readonly setup: Setup,
    readonly model: TranslationModel,
  ) {}

  cut(name: string, ignorePrefixSize: number): BatchedSplit {
    const { task, options } = this.setup;
    const known = this.#cut.get(name);
    if (known !== undefined) return known;
    // The training data with its further parts, `train1`, `train2` …, as in training.
    const data = name === options.trainSubset ? task.loadSplit(name, 1) : task.loadSplit(name);
    const split = cutIntoBatches(task, data, batchLimits(task, this.model, options), ignorePrefixSize);
    this.#cut.set(name, split);
    return split;
  }

  close(): void {
    for (const { data } of this.#cut.values()) data.close();
  }
}

/** Checks what the probe needs before anything is computed. @returns the function that trains and writes it */
function prepareProbe(
  stem: string,
  { options, components, device }: Setup,
  model: ModelOfTask,
  metadata: CheckpointMetadata,
  splits: BatchedSplits,
): (split: BatchedSplit, probeStem: string) => Promise<Probe> {
  const architecture = components.architectures.getRecorded(metadata.arch!, stem);
  const store = model.model.parameters;
  const shape = projectionShape(stem, architecture, store);
  const training = splits.cut(options.trainSubset, model.ignorePrefixSize);
  checkFeatureMemory(model, training, shape.embed, options.probeMemory);
  return async (split, probeStem) => {
    const { probe, weights } = await probeModel({
      ...{ model, kernels: device.arenaKernels, ...shape, training, split },
      ...{ epochs: options.probeEpochs, learningRate: options.probeLr, seed: options.seed },
    });
    saveCheckpoint(probeStem, withOutputProjection(stem, metadata, architecture, store, weights));
    log.message(`wrote the model with the new projection to ${probeStem}`);
    return probe;
  };
}
