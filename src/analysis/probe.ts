import { setImmediate } from 'node:timers/promises';
import { MersenneTwister } from '../data/mersenne-twister.js';
import { normal, uniformSource } from '../nn/initializers.js';
import { classifierScores } from '../ops/row-scores.js';
import { adam } from '../optim/adam.js';
import type { ArenaKernels } from '../optim/arena-kernels.js';
import { setLossGradient } from '../optim/loss-gradient.js';
import { type Parameter, ParameterStore } from '../optim/parameter-store.js';
import { selectOptions } from '../options/select.js';
import * as tf from '../tf/index.js';

/** The inputs of a model's output projection and what it should predict from them. */
export interface FeatureRows {
  readonly embed: number;
  readonly features: Float32Array; // [rows × embed]
  readonly targets: Int32Array; // [rows]
}

/** How a probe is trained. */
export interface ProbeOptions {
  readonly epochs: number;
  readonly learningRate: number;
  /** Of the initial weights and of the order of rows. */
  readonly seed: number;
}

/** Added to the seed for the initial weights. */
const SEED_OFFSET = 0x9e3779b9;

/** Rows per update. */
const BATCH_ROWS = 1024;

/** An output projection without bias; it keeps its weights on the device until it is disposed. */
export class OutputProjection {
  readonly #store = new ParameterStore();
  readonly #weights: Parameter;

  /**
   * Initialises the weights as a model does those of its own untied output projection: N(0, 1 / embed). The random numbers
   * are not those of a model with the same seed, whose embeddings would begin, and so be aligned, with the same values.
   */
  constructor(
    readonly classes: number,
    readonly embed: number,
    seed: number,
  ) {
    this.#weights = this.#store.parameter('weight', [classes, embed], normal(embed ** -0.5));
    this.#store.build(uniformSource((seed + SEED_OFFSET) >>> 0));
  }

  /** float32 [classes, embed] */
  get tensor(): tf.Tensor2D {
    return this.#weights.tensor as tf.Tensor2D;
  }

  /** The weights, float32 [classes × embed]: a view that later training changes. */
  async read(): Promise<Float32Array> {
    await this.#store.toHost([this.#store.values]);
    return this.#store.view(this.#store.values, this.#weights);
  }

  /**
   * Trains the weights with cross entropy and Adam at a constant rate on rows in an order that depends only on the seed and
   * the epoch.
   * @param onUpdate called after each update with their number so far and in total
   */
  async train(
    rows: FeatureRows,
    { epochs, learningRate, seed }: ProbeOptions,
    kernels: ArenaKernels,
    onUpdate: (done: number, total: number) => void = () => {},
  ): Promise<void> {
    const optimizer = adam.build(selectOptions(adam.options, {}), this.#store, kernels);
    const count = rows.targets.length;
    const total = epochs * Math.ceil(count / BATCH_ROWS);
    let update = 0;
    try {
      for (let epoch = 1; epoch <= epochs; epoch++) {
        const order = new MersenneTwister((seed + epoch) >>> 0).permutation(count);
        for (let start = 0; start < count; start += BATCH_ROWS) {
          const chosen = order.subarray(start, start + BATCH_ROWS);
          await setLossGradient(this.#store, kernels, () => this.#crossEntropy(rows, chosen));
          kernels.scale(this.#store.gradients, 1 / chosen.length);
          update += 1;
          optimizer.step(learningRate, update);
          this.#store.valuesChanged();
          onUpdate(update, total);
          await setImmediate(); // lets signals and finalizers in
        }
      }
    } finally {
      this.#store.device?.arenas?.release(Object.values(optimizer.arenas));
    }
  }

  dispose(): void {
    this.#store.dispose();
  }

  /** Σ −log p_y over some of the rows. */
  #crossEntropy({ features, targets, embed }: FeatureRows, chosen: Int32Array): tf.Scalar {
    const chosenFeatures = new Float32Array(chosen.length * embed);
    for (const [place, row] of chosen.entries()) {
      chosenFeatures.set(features.subarray(row * embed, (row + 1) * embed), place * embed);
    }
    const rows = tf.tensor2d(chosenFeatures, [chosen.length, embed]);
    const rowTargets = tf.tensor1d(
      chosen.map((row) => targets[row]!),
      'int32',
    );
    const scores = classifierScores({ features: rows, weights: this.tensor }, rowTargets);
    return tf.neg(tf.sum(scores.statistics().targetLogProb)) as tf.Scalar;
  }
}
