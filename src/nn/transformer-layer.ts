import { checkpoint } from '../ops/activation-checkpoint.js';
import { dropoutAdd } from '../ops/dropout.js';
import type { RowLayout } from '../ops/row-layout.js';
import type { Parameter, ParameterStore } from '../optim/parameter-store.js';
import type { EncoderOutput, Mode } from '../plugins/model.js';
import type { Tensor, Tensor2D, Tensor3D } from '../tf/index.js';
import type { Activation } from './activation.js';
import type { DropoutSite } from './dropout-site.js';
import { FeedForward } from './feed-forward.js';
import { LayerNorm } from './layer-norm.js';
import { EncoderAttention, SelfAttention, type SourceMemory } from './multihead-attention.js';

/** Sizes and options of one layer. */
export interface TransformerLayerOptions {
  readonly embed: number;
  readonly inner: number;
  readonly heads: number;
  readonly normalizeBefore: boolean;
  readonly activation: Activation;
  readonly dropout: number;
  readonly attentionDropout: number;
  readonly activationDropout: number;
  /** Keep only the inputs of a layer for the backward pass, and compute the rest again. */
  readonly checkpointActivations: boolean;
}

/** How a layer runs its forward pass: as it is, or checkpointed over the parameters whose names begin with `name.`. */
function forwardPass(
  store: ParameterStore,
  name: string,
  checkpointed: boolean,
): (inputs: readonly Tensor2D[], forward: (...inputs: Tensor2D[]) => Tensor2D) => Tensor2D {
  if (!checkpointed) return (inputs, forward) => forward(...inputs);
  return (inputs, forward) => {
    const own = store.trainable.filter(({ parts }) => parts[0]!.name.startsWith(`${name}.`));
    return checkpoint(
      inputs,
      own.map(({ tensor }) => tensor),
      forward as (...inputs: Tensor[]) => Tensor2D,
    );
  };
}

/**
 * A sublayer with its residual connection and layer normalisation: after the sum (Vaswani et al. 2017), or before the
 * sublayer (`--encoder-normalize-before`).
 */
class Residual {
  constructor(
    readonly norm: LayerNorm,
    readonly normalizeBefore: boolean,
    readonly dropout: DropoutSite,
  ) {}

  apply<T extends Tensor>(x: T, mode: Mode, sublayer: (input: T) => T): T {
    const spec = this.dropout.spec(mode);
    const output = sublayer(this.normalizeBefore ? this.norm.apply(x) : x);
    const y = this.normalizeBefore ? dropoutAdd(output, x, spec) : this.norm.applyToSum(output, x, spec);
    output.dispose(); // taken over, and the tape's scope would keep it to the end of the forward pass
    return y;
  }
}

type MakeSite = (probability: number) => DropoutSite;

/** Self-attention, then the feed-forward network. */
export class TransformerEncoderLayer {
  readonly #selfAttention: SelfAttention;
  readonly #feedForward: FeedForward;
  readonly #afterAttention: Residual;
  readonly #afterFeedForward: Residual;
  readonly #pass: ReturnType<typeof forwardPass>;

  constructor(
    store: ParameterStore,
    name: string,
    readonly options: TransformerLayerOptions,
    site: MakeSite,
  ) {
    const { embed, inner, heads, normalizeBefore, activation, dropout, attentionDropout, activationDropout } = options;
    const norm = (part: string): LayerNorm => new LayerNorm(store, `${name}.${part}`, embed);
    this.#selfAttention = new SelfAttention(store, `${name}.self_attn`, embed, heads, site(attentionDropout));
    this.#afterAttention = new Residual(norm('self_attn_layer_norm'), normalizeBefore, site(dropout));
    this.#feedForward = new FeedForward(store, name, embed, inner, activation, site(activationDropout));
    this.#afterFeedForward = new Residual(norm('final_layer_norm'), normalizeBefore, site(dropout));
    this.#pass = forwardPass(store, name, options.checkpointActivations);
  }

  /** Its parameters in the order that native search reads them. */
  get parameters(): readonly Parameter[] {
    return [
      ...[...this.#selfAttention.parameters, ...this.#afterAttention.norm.parameters],
      ...[...this.#feedForward.parameters, ...this.#afterFeedForward.norm.parameters],
    ];
  }

  apply(x: Tensor2D /* float32 [source rows, embed] */, layout: RowLayout, mode: Mode): Tensor2D {
    return this.#pass([x], (input) => this.#apply(input!, layout, mode));
  }

  #apply(x: Tensor2D, layout: RowLayout, mode: Mode): Tensor2D {
    const attended = this.#afterAttention.apply(x, mode, (input) =>
      this.#selfAttention.apply(input, layout, false, mode),
    );
    return this.#afterFeedForward.apply(attended, mode, (input) => this.#feedForward.apply(input, mode));
  }
}

/** How the rows of one step of a search lie: one hypothesis a row, the beams of a sentence side by side. */
export interface StepLayouts {
  readonly row: RowLayout; // one query a row
  readonly past: RowLayout; // its keys, with the newest
  readonly beams: RowLayout; // the beams of a sentence as its queries
}

/** Causal self-attention, attention to the encoder, then the feed-forward network. */
export class TransformerDecoderLayer {
  readonly encoderAttention: EncoderAttention;
  readonly #selfAttention: SelfAttention;
  readonly #feedForward: FeedForward;
  readonly #afterSelfAttention: Residual;
  readonly #afterEncoderAttention: Residual;
  readonly #afterFeedForward: Residual;
  readonly #pass: ReturnType<typeof forwardPass>;

  constructor(
    store: ParameterStore,
    name: string,
    readonly options: TransformerLayerOptions,
    site: MakeSite,
  ) {
    const { embed, inner, heads, normalizeBefore, activation, dropout, attentionDropout, activationDropout } = options;
    const norm = (part: string): LayerNorm => new LayerNorm(store, `${name}.${part}`, embed);
    this.#selfAttention = new SelfAttention(store, `${name}.self_attn`, embed, heads, site(attentionDropout));
    this.#afterSelfAttention = new Residual(norm('self_attn_layer_norm'), normalizeBefore, site(dropout));
    this.encoderAttention = new EncoderAttention(store, `${name}.encoder_attn`, embed, heads, site(attentionDropout));
    this.#afterEncoderAttention = new Residual(norm('encoder_attn_layer_norm'), normalizeBefore, site(dropout));
    this.#feedForward = new FeedForward(store, name, embed, inner, activation, site(activationDropout));
    this.#afterFeedForward = new Residual(norm('final_layer_norm'), normalizeBefore, site(dropout));
    this.#pass = forwardPass(store, name, options.checkpointActivations);
  }

  /** Its parameters in the order that native search reads them. */
  get parameters(): readonly Parameter[] {
    return [
      ...[...this.#selfAttention.parameters, ...this.#afterSelfAttention.norm.parameters],
      ...[...this.encoderAttention.parameters, ...this.#afterEncoderAttention.norm.parameters],
      ...[...this.#feedForward.parameters, ...this.#afterFeedForward.norm.parameters],
    ];
  }

  apply(
    x: Tensor2D, // float32 [target rows, embed]
    layout: RowLayout,
    source: EncoderOutput,
    mode: Mode,
  ): Tensor2D {
    return this.#pass([x, source.features], (input, features) => {
      const memory = { keyValue: this.encoderAttention.projectSource(features!), layout: source.layout };
      const afterSelf = this.#afterSelfAttention.apply(input!, mode, (attending) =>
        this.#selfAttention.apply(attending, layout, true, mode),
      );
      return this.#afterSelf(afterSelf, layout, memory, mode);
    });
  }

  /** One new position: x float32 [rows, embed], rows = batch × beam; `past` as in SelfAttention.step. */
  step(
    x: Tensor2D,
    past: Tensor3D | null,
    layouts: StepLayouts,
    memory: SourceMemory,
    mode: Mode,
    onSourceWeights?: (weights: Tensor3D /* float32 [batch, beam, source] */) => void,
  ): { output: Tensor2D; keyValue: Tensor3D } {
    let keyValue: Tensor3D | null = null;
    const afterSelf = this.#afterSelfAttention.apply(x, mode, (input) => {
      const step = this.#selfAttention.step(input, past, { query: layouts.row, key: layouts.past });
      keyValue = step.keyValue;
      return step.output;
    });
    // The beams of a sentence are its queries, so that they share its keys and values.
    const output = this.#afterSelf(afterSelf, layouts.beams, memory, mode, onSourceWeights);
    return { output, keyValue: keyValue! };
  }

  #afterSelf(
    x: Tensor2D,
    layout: RowLayout,
    memory: SourceMemory,
    mode: Mode,
    onSourceWeights?: (weights: Tensor3D) => void,
  ): Tensor2D {
    const attended = this.#afterEncoderAttention.apply(x, mode, (input) => {
      onSourceWeights?.(this.encoderAttention.weights(input, layout, memory));
      return this.encoderAttention.apply(input, layout, memory, mode);
    });
    return this.#afterFeedForward.apply(attended, mode, (input) => this.#feedForward.apply(input, mode));
  }
}
