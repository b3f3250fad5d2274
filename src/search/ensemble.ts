import { logProbabilities } from '../ops/log-softmax.js';
import {
  type DecodeStep,
  EVALUATION,
  type FusedDecoding,
  type IncrementalState,
  type TokenTable,
  type TranslationModel,
} from '../plugins/model.js';
import * as tf from '../tf/index.js';

/** The predictions of an ensemble for the next token. */
export interface EnsembleStep {
  readonly logProbs: tf.Tensor2D; // float32 [rows, vocab], log of the mean of the models' probabilities
  /** Attention of the last layer to the source, averaged over heads and models; null unless requested. */
  readonly attention: tf.Tensor2D | null; // float32 [rows, source]
}

/** The maximum source and target lengths that the position tables of all models allow. */
export function commonMaxPositions(models: readonly TranslationModel[]): { source: number; target: number } {
  const limits = models.map(({ maxPositions }) => maxPositions);
  return {
    source: Math.min(...limits.map(({ source }) => source)),
    target: Math.min(...limits.map(({ target }) => target)),
  };
}

/** Decodes a batch of hypotheses with one or more models in lockstep. */
export class EnsembleDecoding {
  readonly #members: readonly Member[];

  private constructor(members: readonly Member[]) {
    this.#members = members;
  }

  /**
   * Encodes a batch. Row r belongs to sentence ⌊r / beam⌋. Keeps tensors until `dispose`; keeps none if a model fails.
   */
  static async start(
    models: readonly TranslationModel[],
    source: TokenTable,
    options: DecodingOptions,
  ): Promise<EnsembleDecoding> {
    const members: Member[] = [];
    const decoding = new EnsembleDecoding(members);
    try {
      for (const model of models) members.push(await startMember(model, source, options));
      return decoding;
    } catch (error) {
      decoding.dispose();
      throw error;
    }
  }

  /**
   * Runs a step and selects the most likely tokens of each row in one call: log p and tokens, float32 [rows, 2 ·
   * width], best first. Returns null if several operations are required; use `step` then. Penalties [vocab] are added
   * to log p.
   */
  stepTop(
    tokens: Int32Array,
    { width, temperature, penalties }: { width: number; temperature: number; penalties: Float32Array | null },
  ): Float32Array | null {
    const [member] = this.#members;
    if (this.#members.length !== 1 || member!.fused === undefined) return null;
    member!.model.parameters.useDevice();
    return member!.fused.stepTop(tokens, width, temperature, penalties);
  }

  /** Consumes the newest token of each hypothesis. Must be called inside a tidy. The temperature divides the logits. */
  step(tokens: Int32Array /* [rows] */, temperature: number): EnsembleStep {
    const steps = this.#members.map((member) => {
      member.model.parameters.useDevice();
      const { features, attention } = decodeStep(member, tokens);
      const { weights } = member.model.classifier(features);
      const logits: tf.Tensor2D = tf.matMul(features, weights, false, true);
      const logProbs = logProbabilities(temperature === 1 ? logits : tf.div<tf.Tensor2D>(logits, temperature));
      return { logProbs, attention };
    });
    const attentions = steps.flatMap(({ attention }) => attention ?? []);
    return {
      logProbs: meanOfProbabilities(steps.map(({ logProbs }) => logProbs)),
      attention: attentions.length > 0 ? tf.div(tf.addN(attentions), attentions.length) : null,
    };
  }

  /** Replaces row i by row rows[i]. */
  select(rows: Int32Array): void {
    for (const { model, fused, state } of this.#members) {
      model.parameters.useDevice();
      (fused ?? state).select(rows);
    }
  }

  dispose(): void {
    for (const { fused, state } of this.#members) (fused ?? state).dispose();
  }
}

/** A model with its decoding state, in native code or in operations. */
type Member =
  | { readonly model: TranslationModel; readonly fused: FusedDecoding; readonly state?: undefined }
  | { readonly model: TranslationModel; readonly state: IncrementalState; readonly fused?: undefined };

interface DecodingOptions {
  readonly beam: number;
  readonly capacity: number; // steps
  readonly attention: boolean;
}

async function startMember(
  model: TranslationModel,
  source: TokenTable,
  { beam, capacity, attention }: DecodingOptions,
): Promise<Member> {
  await model.parameters.valuesToHost(); // from a device that trains
  model.parameters.useDevice();
  const fused = attention ? null : (model.startFusedDecoding?.(source, beam) ?? null);
  if (fused !== null) return { model, fused };
  await tf.ready();
  model.parameters.useDevice();
  let state: IncrementalState | null = null;
  tf.tidy(() => {
    state = model.startDecoding(model.encode(source, EVALUATION), beam, capacity, attention);
  });
  return { model, state: state! };
}

function decodeStep({ model, fused, state }: Member, tokens: Int32Array): DecodeStep {
  if (fused !== undefined) return { features: fused.step(tokens), attention: null };
  return model.decodeStep(tf.tensor1d(tokens, 'int32'), state);
}

/** log((1/n) Σ exp(log p)), elementwise over models. */
export function meanOfProbabilities<T extends tf.Tensor>(logProbs: readonly T[]): T {
  if (logProbs.length === 1) return logProbs[0]!;
  return tf.sub(tf.logSumExp(tf.stack([...logProbs]), 0), Math.log(logProbs.length)) as T;
}
