import { EVALUATION, type IncrementalState, type TranslationModel } from '../plugins/model.js';
import * as tf from '../tf.js';

/** One or more models that decode in step; their probabilities are averaged. */
export class Ensemble {
  readonly #models: readonly TranslationModel[];

  constructor(models: readonly TranslationModel[]) {
    this.#models = models;
  }

  /** The longest source and target that every model's position tables allow. */
  get maxPositions(): { source: number; target: number } {
    const limits = this.#models.map(({ maxPositions }) => maxPositions);
    return {
      source: Math.min(...limits.map(({ source }) => source)),
      target: Math.min(...limits.map(({ target }) => target)),
    };
  }

  /** Encodes a batch; row r of the decoding belongs to sentence ⌊r / beam⌋. The caller disposes the result. */
  start(sourceTokens: tf.Tensor2D /* int32 [batch, source] */, beam: number, capacity: number): EnsembleDecoding {
    const states: IncrementalState[] = [];
    for (const model of this.#models) {
      tf.tidy(() => {
        states.push(model.startDecoding(model.encode(sourceTokens, EVALUATION), beam, capacity));
      });
    }
    return new EnsembleDecoding(this.#models, states);
  }
}

/** A batch of hypotheses under way in every model of an ensemble. */
export class EnsembleDecoding {
  constructor(
    readonly models: readonly TranslationModel[],
    readonly states: readonly IncrementalState[],
  ) {}

  /**
   * Consumes the newest token of each hypothesis; call it inside a tidy.
   * @returns log p of the next token, float32 [rows, vocab]; log of the mean of the models' probabilities
   */
  step(tokens: Int32Array /* [rows] */, temperature: number): tf.Tensor2D {
    const input = tf.tensor1d(tokens, 'int32');
    const logProbs = this.models.map((model, index) => {
      const { features } = model.decodeStep(input, this.states[index]!);
      const { weights } = model.classifier(features);
      const logits = tf.matMul(features, weights, false, true);
      return tf.logSoftmax(temperature === 1 ? logits : tf.div(logits, temperature)) as tf.Tensor2D;
    });
    if (logProbs.length === 1) return logProbs[0]!;
    return tf.sub(tf.logSumExp(tf.stack(logProbs), 0), Math.log(logProbs.length)) as tf.Tensor2D;
  }

  /** Row i becomes what row rows[i] was. */
  select(rows: Int32Array): void {
    for (const state of this.states) state.select(rows);
  }

  dispose(): void {
    for (const state of this.states) state.dispose();
  }
}
