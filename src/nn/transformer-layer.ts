import { checkpoint } from '../ops/activation-checkpoint.js';
import { dropoutAdd } from '../ops/dropout.js';
import type { RowLayout } from '../ops/row-layout.js';
import type { Parameter, ParameterStore } from '../optim/parameter-store.js';
import type { EncoderOutput, Mode } from '../plugins/model.js';
import type { Tensor, Tensor2D, Tensor3D } from '../tf/index.js';
import type { Activation } from './activation.js';
import type { DropoutSite, MakeSite } from './dropout-site.js';
import { FeedForward } from './feed-forward.js';
import { LayerNorm } from './layer-norm.js';
import { EncoderAttention, SelfAttention, type SourceMemory } from './multihead-attention.js';

/** Sizes and settings of an encoder or decoder layer. */
export interface TransformerLayerOptions {
  readonly embed: number;
  readonly inner: number;
  readonly heads: number;
  readonly normalizeBefore: boolean;
  readonly activation: Activation;
  readonly dropout: number;
  readonly attentionDropout: number;
  readonly activationDropout: number;
  /** Whether to keep only a layer's inputs for the backward pass, and to compute the rest again. */
  readonly checkpointActivations: boolean;
}

/** Runs a layer's forward pass, either directly or checkpointed over the parameters whose names begin with `name.`. */
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

/** A module that has parameters: attention or the feed-forward network. */
interface Module {
  readonly parameters: readonly Parameter[];
}

/**
 * A module with its residual connection and layer normalisation, which comes after the sum (Vaswani et al. 2017) or
 * before the module (`--encoder-normalize-before`).
 */
class Sublayer<M extends Module> {
  constructor(
    readonly module: M,
    readonly norm: LayerNorm,
    readonly normalizeBefore: boolean,
    readonly dropout: DropoutSite,
  ) {}

  get parameters(): readonly Parameter[] {
    return [...this.module.parameters, ...this.norm.parameters];
  }

  /** @param forward applies the module; its output is the sublayer's to overwrite */
  apply<T extends Tensor>(x: T, mode: Mode, forward: (module: M, input: T) => T): T {
    const spec = this.dropout.spec(mode);
    const output = forward(this.module, this.normalizeBefore ? this.norm.apply(x) : x);
    const y = this.normalizeBefore ? dropoutAdd(output, x, spec) : this.norm.applyToSum(output, x, spec);
    output.dispose(); // overwritten; the tape's scope would keep it until the end of the forward pass
    return y;
  }
}

/**
 * Functions that declare the sublayers of one layer under fairseq's names. The order of the calls determines the order
 * of the parameters and the numbers of the dropout sites.
 */
function sublayers(store: ParameterStore, name: string, options: TransformerLayerOptions, site: MakeSite) {
  const { embed, inner, heads, normalizeBefore, activation, dropout, attentionDropout, activationDropout } = options;
  const sublayer = <M extends Module>(module: M, norm: string): Sublayer<M> =>
    new Sublayer(module, new LayerNorm(store, `${name}.${norm}`, embed), normalizeBefore, site(dropout));
  return {
    selfAttention: () =>
      sublayer(
        new SelfAttention(store, `${name}.self_attn`, embed, heads, site(attentionDropout)),
        'self_attn_layer_norm',
      ),
    encoderAttention: () =>
      sublayer(
        new EncoderAttention(store, `${name}.encoder_attn`, embed, heads, site(attentionDropout)),
        'encoder_attn_layer_norm',
      ),
    feedForward: () =>
      sublayer(new FeedForward(store, name, embed, inner, activation, site(activationDropout)), 'final_layer_norm'),
  };
}

/** Self-attention, then the feed-forward network. */
export class TransformerEncoderLayer {
  readonly #selfAttention: Sublayer<SelfAttention>;
  readonly #feedForward: Sublayer<FeedForward>;
  readonly #pass: ReturnType<typeof forwardPass>;

  constructor(
    store: ParameterStore,
    name: string,
    readonly options: TransformerLayerOptions,
    site: MakeSite,
  ) {
    const declare = sublayers(store, name, options, site);
    this.#selfAttention = declare.selfAttention();
    this.#feedForward = declare.feedForward();
    this.#pass = forwardPass(store, name, options.checkpointActivations);
  }

  /** The parameters, in the order that native search reads them. */
  get parameters(): readonly Parameter[] {
    return [...this.#selfAttention.parameters, ...this.#feedForward.parameters];
  }

  apply(x: Tensor2D /* float32 [source rows, embed] */, layout: RowLayout, mode: Mode): Tensor2D {
    return this.#pass([x], (input) => this.#apply(input!, layout, mode));
  }

  #apply(x: Tensor2D, layout: RowLayout, mode: Mode): Tensor2D {
    const attended = this.#selfAttention.apply(x, mode, (attention, input) =>
      attention.apply(input, layout, false, mode),
    );
    return this.#feedForward.apply(attended, mode, (feedForward, input) => feedForward.apply(input, mode));
  }
}

/** Layouts of one search step. Each row is a hypothesis; the beams of a sentence are adjacent. */
export interface StepLayouts {
  readonly row: RowLayout; // one query per row
  readonly past: RowLayout; // the keys of each row, including the newest
  readonly beams: RowLayout; // the beams of a sentence are its queries
}

/** Causal self-attention, attention to the encoder, then the feed-forward network. */
export class TransformerDecoderLayer {
  readonly #selfAttention: Sublayer<SelfAttention>;
  readonly #encoderAttention: Sublayer<EncoderAttention>;
  readonly #feedForward: Sublayer<FeedForward>;
  readonly #pass: ReturnType<typeof forwardPass>;

  constructor(
    store: ParameterStore,
    name: string,
    readonly options: TransformerLayerOptions,
    site: MakeSite,
  ) {
    const declare = sublayers(store, name, options, site);
    this.#selfAttention = declare.selfAttention();
    this.#encoderAttention = declare.encoderAttention();
    this.#feedForward = declare.feedForward();
    this.#pass = forwardPass(store, name, options.checkpointActivations);
  }

  /** The parameters, in the order that native search reads them. */
  get parameters(): readonly Parameter[] {
    return [...this.#selfAttention.parameters, ...this.#encoderAttention.parameters, ...this.#feedForward.parameters];
  }

  /** Keys and values of the encoder's output, float32 [source rows, 2 · embed]. A search computes them once. */
  projectSource(source: Tensor2D): Tensor2D {
    return this.#encoderAttention.module.projectSource(source);
  }

  apply(
    x: Tensor2D, // float32 [target rows, embed]
    layout: RowLayout,
    source: EncoderOutput,
    mode: Mode,
  ): Tensor2D {
    return this.#pass([x, source.features], (input, features) => {
      const memory = { keyValue: this.projectSource(features!), layout: source.layout };
      const attended = this.#selfAttention.apply(input!, mode, (attention, attending) =>
        attention.apply(attending, layout, true, mode),
      );
      return this.#afterSelfAttention(attended, layout, memory, mode);
    });
  }

  /** Decodes one new position: x float32 [rows, embed] with rows = batch × beam; `past` as in SelfAttention.step. */
  step(
    x: Tensor2D,
    past: Tensor3D | null,
    layouts: StepLayouts,
    memory: SourceMemory,
    mode: Mode,
    onSourceWeights?: (weights: Tensor3D /* float32 [batch, beam, source] */) => void,
  ): { output: Tensor2D; keyValue: Tensor3D } {
    let keyValue: Tensor3D | null = null;
    const attended = this.#selfAttention.apply(x, mode, (attention, input) => {
      const step = attention.step(input, past, { query: layouts.row, key: layouts.past });
      keyValue = step.keyValue;
      return step.output;
    });
    // All beams of a sentence are queries of one sequence, so they share the keys and values of its source.
    const output = this.#afterSelfAttention(attended, layouts.beams, memory, mode, onSourceWeights);
    return { output, keyValue: keyValue! };
  }

  #afterSelfAttention(
    x: Tensor2D,
    layout: RowLayout,
    memory: SourceMemory,
    mode: Mode,
    onSourceWeights?: (weights: Tensor3D) => void,
  ): Tensor2D {
    const attended = this.#encoderAttention.apply(x, mode, (attention, input) => {
      onSourceWeights?.(attention.weights(input, layout, memory));
      return attention.apply(input, layout, memory, mode);
    });
    return this.#feedForward.apply(attended, mode, (feedForward, input) => feedForward.apply(input, mode));
  }
}
