import type { Analysis, Probe } from '../analysis/analysis.js';
import { criterionsToCompare, type LabelledCriterion } from '../analysis/criterions.js';
import { loadMetadata, saveCheckpoint } from '../checkpoint/checkpoint.js';
import type { CheckpointMetadata } from '../checkpoint/metadata.js';
import { projectionShape, withOutputProjection } from '../checkpoint/untied-projection.js';
import { UserError } from '../errors.js';
import { loadModel } from '../inference/load-models.js';
import { log } from '../log.js';
import type { OpenedDevice } from '../ops/opened-device.js';
import type { ArenaKernels } from '../optim/arena-kernels.js';
import { checkRecordedOptions } from '../options/recorded.js';
import { selectOptions } from '../options/select.js';
import type { CriterionDefinition } from '../plugins/criterion.js';
import type { ArchitectureDefinition, TranslationModel } from '../plugins/model.js';
import type { Registry } from '../plugins/registry.js';
import type { TranslationTask } from '../tasks/translation.js';
import type { TranslationData } from '../tasks/translation-data.js';
import { analyzeModel, probeModel } from '../training/analyze-model.js';
import { type DatasetOptions, lossOptions, optimizationOptions } from '../training/options.js';
import { checkFeatureMemory, type ModelOfTask } from '../training/split-rows.js';
import { type BatchedSplit, batchLimits, cutIntoBatches } from '../training/train-data.js';

/** What `analyze` measures, and on what. */
export interface AnalysisOptions
  extends Pick<
    DatasetOptions,
    'maxTokens' | 'batchSize' | 'requiredBatchSizeMultiple' | 'skipInvalidSizeInputsValidTest' | 'trainSubset'
  > {
  readonly genSubset: string;
  readonly seed: number;
  /** 1-based, for criterions with a schedule; null: the checkpoint's, or 1 for an average, which records none. */
  readonly epoch: number | null;
  readonly gradientBatches: number; // 0: no gradient norms
  readonly gradientSubset: string | null; // null: the training data if there is any, else `genSubset`
  readonly probeEpochs: number; // 0: no probe
  readonly probeLr: number;
  readonly probeMemory: number; // GiB
}

/** What is the same for all checkpoints. */
export interface AnalysisSetup {
  readonly data: string;
  readonly task: TranslationTask;
  readonly architectures: Registry<ArchitectureDefinition>;
  readonly device: OpenedDevice & { readonly arenaKernels: ArenaKernels };
  readonly options: AnalysisOptions;
}

/** The criterion of a checkpoint and those that it is compared with. @throws UserError if it records none */
export function criterionsOf(
  stem: string,
  criterions: Registry<CriterionDefinition>,
  labelSmoothing: number,
): LabelledCriterion[] {
  const { options: recorded } = loadMetadata(stem);
  const { criterion: name } = recorded;
  if (typeof name !== 'string') {
    throw new UserError(
      `${stem} does not say which criterion it was trained with`,
      'analyze a checkpoint that train or average-checkpoints wrote',
    );
  }
  const definition = criterions.getRecorded(name, stem);
  const options = checkRecordedOptions(stem, recorded, definition.options);
  return criterionsToCompare(criterions, { definition, options }, labelSmoothing);
}

/** @throws UserError if a split does not exist */
export function checkSplits(task: TranslationTask, options: AnalysisOptions): void {
  task.loadSplit(options.genSubset).close();
  if (options.gradientBatches > 0) task.loadSplit(gradientSubset(task, options)).close();
  if (options.probeEpochs > 0) task.loadSplit(options.trainSubset).close();
}

const gradientSubset = (task: TranslationTask, options: AnalysisOptions): string =>
  options.gradientSubset ?? (task.hasSplit(options.trainSubset) ? options.trainSubset : options.genSubset);

/**
 * Loads a checkpoint and measures it.
 * @param criterions its own and those that it is compared with
 * @param probeStem where the model with the probe's output projection is written
 * @throws UserError as `loadModel` and `cutIntoBatches` do, if a gradient is not finite, and if the probe is too large
 */
export async function analyzeCheckpoint(
  stem: string,
  setup: AnalysisSetup,
  criterions: readonly LabelledCriterion[],
  probeStem: string,
): Promise<Analysis> {
  const { data, options, architectures, device, task } = setup;
  log.message(`analyzing ${stem}`);
  const { model, metadata } = await loadModel(stem, task, architectures, device);
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
        epoch: options.epoch ?? metadata.training?.epoch ?? 1,
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
  readonly #opened: TranslationData[] = [];

  constructor(
    readonly setup: AnalysisSetup,
    readonly model: TranslationModel,
  ) {}

  cut(name: string, ignorePrefixSize: number): BatchedSplit {
    const { task, options } = this.setup;
    const known = this.#cut.get(name);
    if (known !== undefined) return known;
    // The training data with its further parts, `train1`, `train2` …, as in training.
    const data = name === options.trainSubset ? task.loadSplit(name, 1) : task.loadSplit(name);
    this.#opened.push(data);
    const split = cutIntoBatches(task, data, batchLimits(task, this.model, options), ignorePrefixSize);
    this.#cut.set(name, split);
    return split;
  }

  close(): void {
    for (const data of this.#opened) data.close();
  }
}

/** Checks what the probe needs before anything is computed. @returns the function that trains and writes it */
function prepareProbe(
  stem: string,
  { options, architectures, device }: AnalysisSetup,
  model: ModelOfTask,
  metadata: CheckpointMetadata,
  splits: BatchedSplits,
): (split: BatchedSplit, probeStem: string) => Promise<Probe> {
  const architecture = architectures.getRecorded(metadata.arch!, stem);
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
