import { alone, interleave, type Workers } from '../distributed/workers.js';
import type { UserError } from '../errors.js';
import type { DeviceArenas } from '../ops/device-arenas.js';
import type { DeviceUpdates } from '../ops/device-updates.js';
import type { ArenaKernels } from '../optim/arena-kernels.js';
import { addToTargets, gradientTargets } from '../optim/loss-gradient.js';
import type { MovingAverage } from '../optim/moving-average.js';
import { ShardedOptimizer } from '../optim/sharded-optimizer.js';
import type { Criterion, CriterionOutput } from '../plugins/criterion.js';
import type { LrScheduler } from '../plugins/lr-scheduler.js';
import type { TranslationModel } from '../plugins/model.js';
import type { Optimizer } from '../plugins/optimizer.js';
import type { TranslationBatch } from '../tasks/collate.js';
import * as tf from '../tf/index.js';
import { addLosses, type LossValues, readLoss, reportedTensors, tidyOutput } from './batch-loss.js';
import { type Differentiated, differentiate } from './differentiate.js';
import { LateUpdate, LateUpdates } from './late-update.js';
import { notFinite } from './not-finite.js';
import { SharedGradient } from './shared-gradient.js';
import type { UpdateReport } from './statistics.js';
import type { StartedUpdate } from './unread-updates.js';

/** The parts that a trainer connects. */
export interface TrainerParts {
  readonly model: TranslationModel;
  readonly criterion: Criterion;
  readonly optimizer: Optimizer;
  readonly lrScheduler: LrScheduler;
  readonly kernels: ArenaKernels;
  /** The moving average of the weights, with --store-ema. */
  readonly average?: MovingAverage | null;
  /** The processes that train together (default: this one alone). */
  readonly workers?: Workers;
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

/** What a micro-batch contributes to an update's report. */
interface MicroBatchFigures extends LossValues {
  readonly ids: Int32Array; // of the sentences
  readonly tokens: number;
  readonly sentences: number;
}

/** What a rank computed for an update. */
interface RankFigures {
  readonly microBatches: readonly MicroBatchFigures[];
  readonly squaredNorm: number; // Σ g² over the rank's slice of the gradient, before scaling
}

/** What an update computed. */
type UpdateFigures = Omit<UpdateReport, 'updates' | 'learningRate' | 'averageDecay' | 'seconds'>;

/** An update, for its report. */
interface Update {
  readonly number: number; // from 1
  readonly epoch: number; // from 1
}

/** Updates a model's parameters. */
export class Trainer {
  /** The number of completed updates. */
  updates = 0;
  /** The number of steps in the optimizer's state: the same as `updates` unless that state was reset. */
  optimizerSteps = 0;
  readonly workers: Workers;
  readonly #gradient: SharedGradient;
  /** The optimizer if its state is divided among the ranks, otherwise null. */
  readonly #sharded: ShardedOptimizer | null;
  #late: LateUpdates | null = null;

  constructor(
    readonly parts: TrainerParts,
    readonly options: TrainerOptions,
  ) {
    this.workers = parts.workers ?? alone();
    this.#gradient = new SharedGradient(parts.model.parameters, parts.kernels, this.workers);
    this.#sharded = parts.optimizer instanceof ShardedOptimizer ? parts.optimizer : null;
  }

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
   * @param microBatches of this rank: the micro-batches `rank`, `rank + size`, … of the update
   * @throws UserError if the loss or the gradient is not finite; the parameters are then unchanged
   */
  async step(microBatches: readonly TranslationBatch[], epoch: number): Promise<UpdateReport> {
    return (await this.startUpdate(microBatches, epoch)).report();
  }

  /**
   * Performs one update like `step`. A device that applies updates without the host (`DeviceArenas.updates`) only has it in
   * its queue afterwards, and reports it later. All other devices and optimizers that run on the host report it at once.
   */
  async startUpdate(microBatches: readonly TranslationBatch[], epoch: number): Promise<StartedUpdate> {
    const { model, optimizer } = this.parts;
    const isLate = optimizer.usesKernelsOnly && this.workers.size === 1;
    const device = isLate ? model.parameters.device?.arenas?.updates : undefined;
    if (device !== undefined) return this.#enqueue(device, microBatches, epoch);
    const report = await this.#update(microBatches, epoch);
    return { isReported: true, report: async () => report, discard() {} };
  }

  async #update(microBatches: readonly TranslationBatch[], epoch: number): Promise<UpdateReport> {
    const start = performance.now();
    const { average, model, optimizer } = this.parts;
    const isSharded = this.#sharded !== null;
    const update = { number: this.updates + 1, epoch };
    const computed: MicroBatchFigures[] = [];
    for (const [at, batch] of microBatches.entries()) {
      const read = async (output: CriterionOutput): Promise<void> =>
        void computed.push(figuresOf(batch, await readLoss(output)));
      await this.#accumulateGradients(batch, at, epoch, read);
    }
    this.workers.world.describe(`update ${update.number}`);
    const squaredNorm = await this.#gradient.sum(microBatches.length === 0);
    const figures = await this.#figuresOfAll(update, { microBatches: computed, squaredNorm });
    const factor = this.#clipping(figures.gradientNorm).factor / figures.sampleSize;
    await this.#gradient.scale(factor, { complete: !isSharded });
    this.optimizerSteps += 1;
    const step = (): void => optimizer.step(this.learningRate(epoch), this.optimizerSteps);
    const arenas = model.parameters.device?.arenas ?? null;
    if (arenas === null || optimizer.usesKernelsOnly) step();
    else await this.#stepOnHost(step, arenas);
    if (isSharded) await this.workers.world.gatherSlices(model.parameters.values);
    model.parameters.valuesChanged();
    this.updates += 1;
    const averageDecay = average ? await this.#updateAverage(average) : undefined;
    return { ...figures, ...this.#completed(epoch, averageDecay), seconds: (performance.now() - start) / 1000 };
  }

  /** Puts an update into the queue of the device. Nothing waits for the device. */
  async #enqueue(device: DeviceUpdates, microBatches: readonly TranslationBatch[], epoch: number): Promise<LateUpdate> {
    const start = performance.now();
    const { average, model, optimizer } = this.parts;
    const store = model.parameters;
    const update = { number: this.updates + 1, epoch };
    const counts = microBatches.map(countsOf);
    const outputs: CriterionOutput[] = [];
    try {
      for (const [at, batch] of microBatches.entries()) {
        await this.#accumulateGradients(batch, at, epoch, (output) => void outputs.push(output));
      }
      store.useDevice();
      this.#late ??= new LateUpdates(device.begin());
      const late = this.#late;
      let averageDecay: number | undefined;
      const figures = late.sequence.apply({
        gradients: store.gradients,
        losses: outputs.map(({ loss }) => loss),
        others: outputs.flatMap(reportedTensors),
        scaling: { samples: this.#sampleSize(counts), limit: this.options.clipNorm, epsilon: CLIP_EPSILON },
        step: () => {
          this.optimizerSteps += 1;
          optimizer.step(this.learningRate(epoch), this.optimizerSteps);
          this.updates += 1;
          averageDecay = average?.update(this.updates);
        },
      });
      store.valuesChanged();
      const completed = this.#completed(epoch, averageDecay);
      return new LateUpdate(late, figures, outputs, start, ({ losses, squaredNorm }) => {
        try {
          const figures = counts.map((count, at) => ({ ...losses[at]!, ...count }));
          return { ...this.#figures(update, figures, squaredNorm), ...completed };
        } catch (error) {
          this.#takeBack(update.number - 1, error);
          throw error;
        }
      });
    } finally {
      tf.dispose(outputs.flatMap((output) => [output.loss, ...reportedTensors(output)]));
    }
  }

  /** Goes back to the state after some updates: the device has applied none of those that were started since. */
  #takeBack(updates: number, error: unknown): void {
    this.optimizerSteps -= this.updates - updates;
    this.updates = updates;
    this.parts.average?.takeBack(updates);
    this.#late?.fail(error);
    this.#late = null;
  }

  #sampleSize(microBatches: readonly Pick<MicroBatchFigures, 'tokens' | 'sentences'>[]): number {
    const count = this.options.sentenceAvg ? 'sentences' : 'tokens';
    return microBatches.reduce((sum, figures) => sum + figures[count], 0);
  }

  /** What all ranks computed for an update. @throws UserError if a loss or the norm is not finite */
  async #figuresOfAll(update: Update, mine: RankFigures): Promise<UpdateFigures> {
    const ranks = await this.workers.exchange(mine);
    const squaredNorm = ranks.reduce((sum, rank) => sum + rank.squaredNorm, 0);
    const microBatches = interleave(ranks.map((rank) => rank.microBatches));
    return this.workers.alike(() => this.#figures(update, microBatches, squaredNorm));
  }

  /** What an update computed. @throws UserError if a loss or the norm is not finite */
  #figures(update: Update, microBatches: readonly MicroBatchFigures[], squaredNorm: number): UpdateFigures {
    for (const figures of microBatches) {
      if (!Number.isFinite(figures.loss)) throw this.#notFinite('loss', figures.loss, update, [figures]);
    }
    const sampleSize = this.#sampleSize(microBatches);
    const gradientNorm = Math.sqrt(squaredNorm) / sampleSize;
    if (!Number.isFinite(gradientNorm)) throw this.#notFinite('gradient norm', gradientNorm, update, microBatches);
    return {
      ...microBatches.reduce<LossValues>(addLosses, NO_LOSS),
      tokens: microBatches.reduce((sum, { tokens }) => sum + tokens, 0),
      sentences: microBatches.reduce((sum, { sentences }) => sum + sentences, 0),
      sampleSize,
      gradientNorm,
      clipped: this.#clipping(gradientNorm).clipped,
    };
  }

  /** What is known of an update that is started. */
  #completed(epoch: number, averageDecay: number | undefined): Omit<UpdateReport, keyof UpdateFigures | 'seconds'> {
    return {
      updates: this.updates,
      learningRate: this.learningRate(epoch),
      ...(averageDecay === undefined ? {} : { averageDecay }),
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
    if (!average.isOnDevice) await parameters.toHost([parameters.values]);
    return average.update(this.updates);
  }

  /**
   * Calls a function that reads the weights, their average and the optimizer's state. Before the call, they are copied to the host
   * and, on rank 0, collected from the ranks that share them.
   */
  async withState(use: () => void): Promise<void> {
    const { average, model, optimizer } = this.parts;
    const averages = average?.values ? [average.values] : [];
    const state = this.#sharded === null ? Object.values(optimizer.arenas) : [];
    await model.parameters.toHost([model.parameters.values, ...averages, ...state]);
    await this.#sharded?.collect();
    use();
    this.divideState();
  }

  /** Frees the parts of the optimizer's state that other ranks keep. */
  divideState(): void {
    this.#sharded?.divide();
  }

  /** Frees the tensors of the model and the device's copies of the arenas. */
  dispose(): void {
    const { average, model, optimizer } = this.parts;
    this.#late?.sequence.dispose();
    this.#late = null;
    average?.dispose();
    model.parameters.device?.arenas?.release(Object.values(optimizer.arenas));
    model.dispose();
  }

  /**
   * Adds one micro-batch's gradient to the arena.
   * @param at the index of the micro-batch among those of this rank
   * @param receive gets the criterion's output, which it disposes, before the gradient is added
   */
  async #accumulateGradients<T>(
    batch: TranslationBatch,
    at: number,
    epoch: number,
    receive: (output: CriterionOutput) => Promise<T> | T,
  ): Promise<T> {
    const { kernels, model } = this.parts;
    const store = model.parameters;
    store.useDevice();
    const targets = gradientTargets(store);
    const { seed, ignorePrefixSize } = this.options;
    const mode = { dropout: { seed, update: this.updates, microBatch: this.workers.indexOf(at) } };
    const run = (): Differentiated =>
      tidyOutput(() => differentiate(this.parts, batch, { mode, epoch, ignorePrefixSize }));
    // The outer tidy frees the results if returning the arena fails, which can happen because it may allocate memory.
    const { output, gradients } = tidyOutput(() => kernels.collectGradients(targets, run, { overwrite: at === 0 }));
    try {
      const received = await receive(output);
      store.useDevice();
      await addToTargets(kernels, targets, gradients);
      return received;
    } finally {
      tf.dispose(gradients as tf.Tensor[]);
    }
  }

  /** The factor of the gradient: min(1, c / (norm + 1e-6)). */
  #clipping(norm: number): { factor: number; clipped: boolean | null } {
    const { clipNorm } = this.options;
    if (clipNorm <= 0) return { factor: 1, clipped: null };
    return { factor: Math.min(1, clipNorm / (norm + CLIP_EPSILON)), clipped: norm > clipNorm };
  }

  #notFinite(what: string, value: number, update: Update, microBatches: readonly MicroBatchFigures[]): UserError {
    const { criterion, model } = this.parts;
    const sources = { criterion: criterion.source, model: model.source };
    return notFinite(what, value, { ...update, microBatches, sources });
  }
}

const NO_LOSS: LossValues = { loss: 0, nll: 0, metrics: {} };

const countsOf = ({ ids, ntokens, batchSize }: TranslationBatch) => ({ ids, tokens: ntokens, sentences: batchSize });

const figuresOf = (batch: TranslationBatch, values: LossValues): MicroBatchFigures => ({
  ...values,
  ...countsOf(batch),
});
