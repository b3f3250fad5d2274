import { describeCheckpoint, loadCheckpoint } from '../checkpoint/checkpoint.js';
import { checkRecordedModel } from '../checkpoint/recorded-model.js';
import { builtInComponents } from '../components.js';
import { readEmbeddings } from '../data/embedding-file.js';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import { portableArenaKernels } from '../optim/arena-kernels.js';
import { MovingAverage } from '../optim/moving-average.js';
import type { ParameterStore } from '../optim/parameter-store.js';
import { ShardedOptimizer, sliceOfParameters } from '../optim/sharded-optimizer.js';
import { fillArena } from '../optim/weights.js';
import { selectOptions } from '../options/select.js';
import type { TranslationModel } from '../plugins/model.js';
import { modelOptions } from '../plugins/model-options.js';
import type { Optimizer, OptimizerDefinition } from '../plugins/optimizer.js';
import type { TranslationTask } from '../tasks/translation.js';
import type { TrainingOptions, TrainRequest } from './request.js';
import { Trainer } from './trainer.js';

/** Builds the model of a request with new weights. */
function buildModel({ options, all, plugins, device }: TrainRequest, task: TranslationTask): TranslationModel {
  device?.makeCurrent();
  const { architecture } = plugins;
  return architecture.model.build(modelOptions(architecture, all), {
    sourceVocab: task.sourceDictionary.size,
    targetVocab: task.targetDictionary.size,
    padIndex: task.targetDictionary.padIndex,
    eosIndex: task.targetDictionary.eosIndex,
    joinedDictionary: task.joinedDictionary,
    maxSourcePositions: options.maxSourcePositions,
    maxTargetPositions: options.maxTargetPositions,
    seed: options.seed,
    fillEmbeddings(side, path, values, width) {
      const dictionary = side === 'source' ? task.sourceDictionary : task.targetDictionary;
      const found = readEmbeddings(path, { dictionary, width, values });
      log.message(`${path}: found embeddings for ${found} of the ${dictionary.size} ${side} types`);
    },
  });
}

/** Builds the moving average. @throws UserError if --ema-seed-model has no average, or the average of another model */
function buildAverage(store: ParameterStore, options: TrainingOptions): MovingAverage {
  const average = new MovingAverage(store, options);
  const { emaSeedModel } = options;
  if (emaSeedModel === null) return average;
  checkRecordedModel(emaSeedModel, describeCheckpoint(emaSeedModel), builtInComponents().architectures);
  const { ema } = loadCheckpoint(emaSeedModel, { optimizer: false, ema: true });
  if (ema === undefined) {
    throw new UserError(
      `${emaSeedModel} has no moving average for --ema-seed-model`,
      'use a checkpoint that was trained with --store-ema',
    );
  }
  fillArena(store, average.begin(), ema, emaSeedModel);
  return average;
}

/** Builds the optimizer. One that does not use kernels only gets kernels for the arrays of the host, where it runs. */
function buildOptimizer(request: TrainRequest, store: ParameterStore): Optimizer {
  const { all, kernels, plugins, workers } = request;
  const { optimizer: definition } = plugins;
  const options = selectOptions(definition.options, all);
  if (workers !== undefined && workers.size > 1 && request.options.zeroSharding === 'os') {
    checkSharding(definition, store);
    const ofSlice = definition.build(options, sliceOfParameters(store, workers), kernels);
    return new ShardedOptimizer(ofSlice, store, workers);
  }
  if (store.device?.arenas == null) return definition.build(options, store, kernels);
  let used = kernels;
  const optimizer = definition.build(options, store, {
    ...kernels,
    scale: (x, factor) => used.scale(x, factor),
    adamStep: (...args) => used.adamStep(...args),
  });
  if (!optimizer.usesKernelsOnly) {
    used = portableArenaKernels;
    log.warning(
      `the optimizer '${definition.name}' runs on the host: weights and gradients are copied for every update`,
    );
  }
  return optimizer;
}

/** @throws UserError if --zero-sharding os does not work with this optimizer or device */
function checkSharding({ name, isElementWise }: OptimizerDefinition, store: ParameterStore): void {
  const remedy = 'remove --zero-sharding';
  if (!isElementWise) {
    const problem = `--zero-sharding os does not work with --optimizer ${name}, which does not compute each weight by itself`;
    throw new UserError(problem, `use --optimizer adam, or ${remedy}`);
  }
  if (store.device?.arenas == null) return;
  throw new UserError('--zero-sharding os works on --device cpu and wasm only', remedy);
}

/**
 * Builds the model, criterion, optimizer and schedule of a request.
 * @throws UserError if options contradict each other
 */
export function buildTrainer(request: TrainRequest, task: TranslationTask): Trainer {
  const { all, kernels, options, plugins } = request;
  const { criterion, lrScheduler } = plugins;
  const model = buildModel(request, task);
  const count = model.parameters.parameters.reduce((sum, { size }) => sum + size, 0);
  log.message(`${plugins.architecture.name}: ${count.toLocaleString('en')} parameters; criterion ${criterion.name}`);
  const parts = {
    model,
    average: options.storeEma ? buildAverage(model.parameters, options) : null,
    kernels,
    criterion: criterion.build(selectOptions(criterion.options, all)),
    optimizer: buildOptimizer(request, model.parameters),
    lrScheduler: lrScheduler.build(selectOptions(lrScheduler.options, all), options.lr, options),
    ...(request.workers === undefined ? {} : { workers: request.workers }),
  };
  return new Trainer(parts, options);
}
