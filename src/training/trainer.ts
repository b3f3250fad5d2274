import { InternalError, UserError } from '../errors.js';
import { gradients as gradientsOf, IndependentValueError } from '../ops/gradients.js';
import type { ArenaKernels } from '../optim/arena-kernels.js';
import type { MovingAverage } from '../optim/moving-average.js';
import type { Criterion, CriterionOutput } from '../plugins/criterion.js';
import type { LrScheduler } from '../plugins/lr-scheduler.js';
import type { TranslationModel } from '../plugins/model.js';
import type { Optimizer } from '../plugins/optimizer.js';
import type { TranslationBatch } from '../tasks/collate.js';
import * as tf from '../tf/index.js';
import { batchLoss } from './batch-loss.js';
import { addLosses, type LossValues, readLoss, tidyOutput } from './loss-values.js';
import type { UpdateReport } from './statistics.js';

/** The parts that a trainer connects. */
export interface TrainerParts {
  readonly model: TranslationModel;
  readonly criterion: Criterion;
  readonly optimizer: Optimizer;
  readonly lrScheduler: LrScheduler;
  readonly kernels: ArenaKernels;
  /** Of the weights; with --store-ema. */
  readonly average?: MovingAverage | null;
}

/** How the trainer updates the weights. */
export interface TrainerOptions {
  readonly seed: number;
  /** The gradient's norm is cut to this; 0 leaves it. */
  readonly clipNorm: number;
  /** Divide by sentences, not by target tokens. */
  readonly sentenceAvg: boolean;
  readonly ignorePrefixSize: number;
}

/** Added to the norm before it divides: PyTorch's `clip_grad_norm_`. */
const CLIP_EPSILON = 1e-6;

/** Sentences that an error message names. */
const NAMED_SENTENCES = 20;

/** What one micro-batch's backward pass leaves on the device. */
interface Differentiated {
  readonly output: CriterionOutput;
  readonly gradients: (tf.Tensor | null)[]; // by the trainable parameters; null for layers that were left out
}

/** Changes a model's parameters, one update after another. */
export class Trainer {
  /** Updates done. */
  updates = 0;
  /** Steps that the optimizer's state has seen: `updates`, unless that state was reset. */
  optimizerSteps = 0;

  constructor(
    readonly parts: TrainerParts,
    readonly options: TrainerOptions,
  ) {}

  /** The rate of the next update. */
  learningRate(epoch: number): number {
    return this.parts.lrScheduler.learningRate({ updates: this.updates, epoch });
  }

  /** Tells the schedule that an epoch is over. @param value of the checkpoint metric; null without validation */
  endEpoch(epoch: number, value: number | null): void {
    this.parts.lrScheduler.endEpoch?.({ updates: this.updates, epoch }, value);
  }

  /**
   * One update: gradients summed over the micro-batches and divided by their sample size, clipped, applied.
   * @throws UserError when the loss or the gradient is not finite; the parameters are then as before
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
    const gradientNorm = Math.sqrt(kernels.squaredNorm(gradients)) / sampleSize;
    if (!Number.isFinite(gradientNorm)) throw this.#notFinite('gradient norm', gradientNorm, microBatches, epoch);
    const { factor, clipped } = this.#clipping(gradientNorm);
    kernels.scale(gradients, factor / sampleSize);
    this.optimizerSteps += 1;
    optimizer.step(this.learningRate(epoch), this.optimizerSteps);
    model.parameters.valuesChanged();
    this.updates += 1;
    const averageDecay = this.parts.average?.update(this.updates);
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

  /** Adds one micro-batch's gradient to the arena; the only place where training waits for the device. */
  async #accumulateGradients(batch: TranslationBatch, microBatch: number, epoch: number): Promise<LossValues> {
    const { kernels, model } = this.parts;
    const store = model.parameters;
    store.useDevice();
    const targets = store.trainable.map((parameter) => ({
      tensor: parameter.tensor,
      gradient: store.view(store.gradients, parameter),
    }));
    const differentiate = (): Differentiated => tidyOutput(() => this.#differentiate(batch, microBatch, epoch));
    // The outer tidy frees the results where giving the arena back fails, which may need memory.
    const { output, gradients } = tidyOutput(() =>
      kernels.collectGradients(targets, differentiate, { overwrite: microBatch === 0 }),
    );
    try {
      const losses = await readLoss(output);
      store.useDevice();
      if (!Number.isFinite(losses.loss)) throw this.#notFinite('loss', losses.loss, [batch], epoch);
      const given = gradients.flatMap((tensor, index) =>
        tensor === null ? [] : [{ tensor, sum: targets[index]!.gradient }],
      );
      await kernels.addTensors(
        given.map(({ sum }) => sum),
        given.map(({ tensor }) => tensor),
      );
      return losses;
    } finally {
      tf.dispose(gradients as tf.Tensor[]);
    }
  }

  /** The criterion's output and the gradient of the loss by every trainable tensor. */
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

  /** @throws UserError that names the plug-ins where the loss has nothing to do with the weights */
  #gradients(lossOf: () => tf.Scalar, weights: readonly tf.Tensor[]): ReturnType<typeof gradientsOf<tf.Scalar>> {
    try {
      return gradientsOf(lossOf, weights);
    } catch (error) {
      if (!(error instanceof IndependentValueError)) throw error;
      throw new UserError(
        `${this.#fromOutside()}the loss depends on no weight of the model`,
        'let the criterion compute it from its scores, with operations of tf from beginning to end',
        { cause: error },
      );
    }
  }

  /** A weight that the loss does not depend on: the mistake of a plug-in where there is one, else ours. */
  #unused(name: string): Error {
    const where = this.#fromOutside();
    if (where === '') return new InternalError(`${name} has no gradient`);
    return new UserError(
      `${where}the loss does not depend on the weight ${name}`,
      'use it with operations of tf from beginning to end, or do not declare it; a model that leaves layers out says so with leavesLayersOut: true',
    );
  }

  /** `FILE, export 'x': ` of the model and the criterion as far as they are plug-ins from outside. */
  #fromOutside(): string {
    const { criterion, model } = this.parts;
    const sources = new Set([criterion.source, model.source].filter((source) => source !== undefined));
    return sources.size === 0 ? '' : `${[...sources].join(' and ')}: `;
  }

  /** What the gradient is multiplied by: min(1, c / (norm + 1e-6)). */
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
    const advice = 'lower --lr, lengthen the warm-up, or set --clip-norm; the last checkpoint is untouched';
    return new UserError(
      `the ${what} is ${value} in update ${this.updates + 1} (epoch ${epoch}), training sentences ${named}${more} (counted from 0)`,
      suspects.length === 0 ? advice : `look for 0/0, log 0 or √0 in ${suspects.join(' and ')}, ${advice}`,
    );
  }
}

/** What a criterion reports beside the loss. */
type Reported = Omit<CriterionOutput, 'loss'>;

/** Copies of it that outlive the tape. */
function keepReported({ nll, metrics = {} }: Reported): Reported {
  const entries = Object.entries(metrics).map(([name, { sum, unit }]) => [name, { sum: tf.clone(sum), unit }] as const);
  const copies = { nll: tf.clone(nll), metrics: Object.fromEntries(entries) };
  for (const tensor of reportedTensors(copies)) tf.keep(tensor); // none before all are there
  return copies;
}

const reportedTensors = ({ nll, metrics = {} }: Reported): tf.Scalar[] => [
  nll,
  ...Object.values(metrics).map(({ sum }) => sum),
];
