import { InternalError, UserError } from '../errors.js';
import type { DeviceArenas } from '../ops/device-arenas.js';
import { gradients as gradientsOf, IndependentValueError } from '../ops/gradients.js';
import type { ArenaKernels } from '../optim/arena-kernels.js';
import { addToTargets, gradientTargets, squaredGradientNorm } from '../optim/loss-gradient.js';
import type { MovingAverage } from '../optim/moving-average.js';
import type { Criterion, CriterionOutput } from '../plugins/criterion.js';
import type { LrScheduler } from '../plugins/lr-scheduler.js';
import type { TranslationModel } from '../plugins/model.js';
import type { Optimizer } from '../plugins/optimizer.js';
import type { TranslationBatch } from '../tasks/collate.js';
import * as tf from '../tf/index.js';
import { addLosses, batchLoss, type LossValues, readLoss, tidyOutput } from './batch-loss.js';
import type { UpdateReport } from './statistics.js';

/** The parts that a trainer connects. */
export interface TrainerParts {
  readonly model: TranslationModel;
  readonly criterion: Criterion;
  readonly optimizer: Optimizer;
  readonly lrScheduler: LrScheduler;
  readonly kernels: ArenaKernels;
  /** The moving average of the weights, with --store-ema. */
  readonly average?: MovingAverage | null;
}

/** How the trainer updates the weights. */
export interface TrainerOptions {
  readonly seed: number;
  /** The largest norm of the gradient; 0: no clipping. */
  readonly clipNorm: number;
  /** Divide the loss by the number of sentences instead of target tokens. */
  readonly sentenceAvg: boolean;
  readonly ignorePrefixSize: number;
}

/** Added to the norm before dividing by it, as in PyTorch's `clip_grad_norm_`. */
const CLIP_EPSILON = 1e-6;

/** The largest number of sentences that an error message lists. */
const NAMED_SENTENCES = 20;

/** The results of one micro-batch's backward pass, on the device. */
interface Differentiated {
  readonly output: CriterionOutput;
  readonly gradients: (tf.Tensor | null)[]; // one per trainable parameter; null in a layer that LayerDrop skipped
}

/** Updates a model's parameters. */
export class Trainer {
  /** The number of completed updates. */
  updates = 0;
  /** The number of steps in the optimizer's state: the same as `updates` unless that state was reset. */
  optimizerSteps = 0;

  constructor(
    readonly parts: TrainerParts,
    readonly options: TrainerOptions,
  ) {}

  /** The learning rate of the next update. */
  learningRate(epoch: number): number {
    return this.parts.lrScheduler.learningRate({ updates: this.updates, epoch });
  }

  /** Informs the schedule that an epoch has ended. @param value of the checkpoint metric; null without validation */
  endEpoch(epoch: number, value: number | null): void {
    this.parts.lrScheduler.endEpoch?.({ updates: this.updates, epoch }, value);
  }

  /**
   * Performs one update: sums the gradients of the micro-batches, divides them by the sample size, clips and applies
   * them.
   * @throws UserError if the loss or the gradient is not finite; the parameters are then unchanged
   */
  async step(microBatches: readonly TranslationBatch[], epoch: number): Promise<UpdateReport> {
    const start = performance.now();
    const { optimizer, kernels, model } = this.parts;
    const { gradients } = model.parameters;
    let losses: LossValues = { loss: 0, nll: 0, metrics: {} };
    let [tokens, sentences] = [0, 0];
    for (const [microBatch, batch] of microBatches.entries()) {
      losses = addLosses(losses, await this.#accumulateGradients(batch, microBatch, epoch));
      tokens += batch.ntokens;
      sentences += batch.batchSize;
    }
    model.parameters.useDevice();
    const sampleSize = this.options.sentenceAvg ? sentences : tokens;
    const squaredNorm = squaredGradientNorm(model.parameters, kernels);
    const gradientNorm = Math.sqrt(typeof squaredNorm === 'number' ? squaredNorm : await squaredNorm) / sampleSize;
    model.parameters.useDevice();
    if (!Number.isFinite(gradientNorm)) throw this.#notFinite('gradient norm', gradientNorm, microBatches, epoch);
    const { factor, clipped } = this.#clipping(gradientNorm);
    kernels.scale(gradients, factor / sampleSize);
    this.optimizerSteps += 1;
    const step = (): void => optimizer.step(this.learningRate(epoch), this.optimizerSteps);
    const arenas = model.parameters.device?.arenas ?? null;
    if (arenas === null || optimizer.usesKernelsOnly) step();
    else await this.#stepOnHost(step, arenas);
    model.parameters.valuesChanged();
    this.updates += 1;
    const averageDecay = this.parts.average ? await this.#updateAverage(this.parts.average) : undefined;
    return {
      ...losses,
      tokens,
      sentences,
      sampleSize,
      updates: this.updates,
      gradientNorm,
      clipped,
      learningRate: this.learningRate(epoch),
      ...(averageDecay === undefined ? {} : { averageDecay }),
      seconds: (performance.now() - start) / 1000,
    };
  }

  /** Runs a step of an optimizer that reads and changes the arrays of the host. */
  async #stepOnHost(step: () => void, arenas: DeviceArenas): Promise<void> {
    const { model, optimizer } = this.parts;
    const { values, gradients } = model.parameters;
    const state = Object.values(optimizer.arenas);
    await model.parameters.toHost([values, gradients, ...state]);
    step();
    arenas.hostChanged([values, ...state]);
  }

  /** Updates the moving average. @returns its decay */
  async #updateAverage(average: MovingAverage): Promise<number> {
    const { parameters } = this.parts.model;
    await parameters.toHost([parameters.values]);
    return average.update(this.updates);
  }

  /** Copies the weights and the optimizer's state to the host, e.g. to save them. */
  async toHost(): Promise<void> {
    const { model, optimizer } = this.parts;
    await model.parameters.toHost([model.parameters.values, ...Object.values(optimizer.arenas)]);
  }

  /** Frees the tensors of the model and the device's copies of the arenas. */
  dispose(): void {
    const { model, optimizer } = this.parts;
    model.parameters.device?.arenas?.release(Object.values(optimizer.arenas));
    model.dispose();
  }

  /** Adds one micro-batch's gradient to the arena. Training waits for the device only here. */
  async #accumulateGradients(batch: TranslationBatch, microBatch: number, epoch: number): Promise<LossValues> {
    const { kernels, model } = this.parts;
    const store = model.parameters;
    store.useDevice();
    const targets = gradientTargets(store);
    const differentiate = (): Differentiated => tidyOutput(() => this.#differentiate(batch, microBatch, epoch));
    // The outer tidy frees the results if returning the arena fails, which can happen because it may allocate memory.
    const { output, gradients } = tidyOutput(() =>
      kernels.collectGradients(targets, differentiate, { overwrite: microBatch === 0 }),
    );
    try {
      const losses = await readLoss(output);
      store.useDevice();
      if (!Number.isFinite(losses.loss)) throw this.#notFinite('loss', losses.loss, [batch], epoch);
      await addToTargets(kernels, targets, gradients);
      return losses;
    } finally {
      tf.dispose(gradients as tf.Tensor[]);
    }
  }

  /** Computes the criterion's output and the gradient of the loss with respect to every trainable tensor. */
  #differentiate(batch: TranslationBatch, microBatch: number, epoch: number): Differentiated {
    const { model, criterion } = this.parts;
    const { seed, ignorePrefixSize } = this.options;
    const mode = { dropout: { seed, update: this.updates, microBatch } };
    const { trainable } = model.parameters;
    const forward = { reported: null as Reported | null };
    const lossOf = (): tf.Scalar => {
      const { loss, ...reported } = batchLoss(model, criterion, batch, { mode, epoch, ignorePrefixSize });
      forward.reported = keepReported(reported);
      return loss;
    };
    try {
      const { value, grads } = this.#gradients(
        lossOf,
        trainable.map(({ tensor }) => tensor),
      );
      const withoutGradient = trainable.find((_, index) => grads[index] === null);
      if (withoutGradient !== undefined && !model.leavesLayersOut) throw this.#unused(withoutGradient.parts[0]!.name);
      return { output: { ...forward.reported!, loss: value as tf.Scalar }, gradients: grads };
    } catch (error) {
      if (forward.reported !== null) tf.dispose(reportedTensors(forward.reported));
      throw error;
    }
  }

  /** Computes gradients by the weights. @throws UserError that names the plug-ins if the loss depends on no weight */
  #gradients(lossOf: () => tf.Scalar, weights: readonly tf.Tensor[]): ReturnType<typeof gradientsOf<tf.Scalar>> {
    try {
      return gradientsOf(lossOf, weights);
    } catch (error) {
      if (!(error instanceof IndependentValueError)) throw error;
      throw new UserError(
        `${this.#pluginSources()}the loss depends on no weight of the model`,
        'compute the loss from the scores passed to the criterion, using only tf operations',
        { cause: error },
      );
    }
  }

  /** The error for a weight that the loss does not depend on: a UserError if a plug-in is involved. */
  #unused(name: string): Error {
    const where = this.#pluginSources();
    if (where === '') return new InternalError(`${name} has no gradient`);
    return new UserError(
      `${where}the loss does not depend on the weight ${name}`,
      'use the weight only through tf operations, or do not declare it; a model that skips layers must set leavesLayersOut: true',
    );
  }

  /** `FILE, export 'x': ` for the model and the criterion that --user-dir provides; empty if both are built in. */
  #pluginSources(): string {
    const { criterion, model } = this.parts;
    const sources = new Set([criterion.source, model.source].filter((source) => source !== undefined));
    return sources.size === 0 ? '' : `${[...sources].join(' and ')}: `;
  }

  /** The factor of the gradient: min(1, c / (norm + 1e-6)). */
  #clipping(norm: number): { factor: number; clipped: boolean | null } {
    const { clipNorm } = this.options;
    if (clipNorm <= 0) return { factor: 1, clipped: null };
    return { factor: Math.min(1, clipNorm / (norm + CLIP_EPSILON)), clipped: norm > clipNorm };
  }

  #notFinite(what: string, value: number, batches: readonly TranslationBatch[], epoch: number): UserError {
    const ids = batches.flatMap((batch) => [...batch.ids]);
    const { criterion, model } = this.parts;
    const suspects = Object.entries({ criterion: criterion.source, model: model.source })
      .filter(([, source]) => source !== undefined)
      .map(([kind, source]) => `the ${kind} (${source})`);
    const named = ids.slice(0, NAMED_SENTENCES).join(', ');
    const more = ids.length > NAMED_SENTENCES ? ` and ${ids.length - NAMED_SENTENCES} more` : '';
    const advice = 'lower --lr, lengthen the warm-up, or set --clip-norm; the last checkpoint is unchanged';
    return new UserError(
      `the ${what} is ${value} in update ${this.updates + 1} (epoch ${epoch}), training sentences ${named}${more} (counted from 0)`,
      suspects.length === 0 ? advice : `check ${suspects.join(' and ')} for 0/0, log 0 or √0, ${advice}`,
    );
  }
}

/** A criterion's output without the loss. */
type Reported = Omit<CriterionOutput, 'loss'>;

/** Copies the tensors so that they outlive the tape. */
function keepReported({ nll, metrics = {} }: Reported): Reported {
  const entries = Object.entries(metrics).map(([name, { sum, unit }]) => [name, { sum: tf.clone(sum), unit }] as const);
  const copies = { nll: tf.clone(nll), metrics: Object.fromEntries(entries) };
  for (const tensor of reportedTensors(copies)) tf.keep(tensor); // after all clones, so that a failing clone leaks nothing
  return copies;
}

const reportedTensors = ({ nll, metrics = {} }: Reported): tf.Scalar[] => [
  nll,
  ...Object.values(metrics).map(({ sum }) => sum),
];
