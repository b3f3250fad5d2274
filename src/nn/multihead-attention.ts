import { attentionWeights, crossAttention, selfAttention } from '../ops/attention.js';
import type { RowLayout } from '../ops/row-layout.js';
import type { Parameter, ParameterStore } from '../optim/parameter-store.js';
import type { Mode } from '../plugins/model.js';
import * as tf from '../tf/index.js';
import type { DropoutSite } from './dropout-site.js';
import { uniform, xavierUniform, zeros } from './initializers.js';
import { Linear } from './linear.js';

/** Several projections of one input, stacked in the order of `names` into one linear layer. */
function stackedProjection(store: ParameterStore, name: string, names: readonly string[], embed: number): Linear {
  // Xavier's bound for one projection times 1/√2, as in fairseq: Vaswani et al. treat the three as one matrix.
  const initialize = xavierUniform(1 / Math.SQRT2);
  const stack = (part: 'weight' | 'bias'): Parameter =>
    store.stacked(
      names.map((projection) => ({
        name: `${name}.${projection}.${part}`,
        shape: part === 'weight' ? [embed, embed] : [embed],
        initialize: part === 'weight' ? initialize : uniform(1 / Math.sqrt(embed)),
      })),
    );
  return new Linear(stack('weight'), stack('bias'));
}

function outputProjection(store: ParameterStore, name: string, embed: number): Linear {
  return new Linear(
    store.parameter(`${name}.out_proj.weight`, [embed, embed], xavierUniform()),
    store.parameter(`${name}.out_proj.bias`, [embed], zeros),
  );
}

/** Input and output projections around scaled dot-product attention. */
abstract class MultiheadAttention {
  /** One linear layer [names · embed, embed] per group of projections. */
  protected readonly inputs: readonly Linear[];
  protected readonly output: Linear; // [embed, embed]

  /** @param projections the names of the input projections; the projections of one group are stacked into one layer */
  constructor(
    store: ParameterStore,
    name: string,
    readonly embed: number,
    readonly heads: number,
    readonly weightDropout: DropoutSite,
    projections: readonly (readonly string[])[],
  ) {
    this.inputs = projections.map((names) => stackedProjection(store, name, names, embed));
    this.output = outputProjection(store, name, embed);
  }

  /** The parameters, in the order that native search reads them. */
  get parameters(): readonly Parameter[] {
    return [...this.inputs, this.output].flatMap(({ parameters }) => parameters);
  }
}

/** Attention of positions to positions of the same sequence. */
export class SelfAttention extends MultiheadAttention {
  readonly #queryKeyValue: Linear; // [3 · embed, embed]

  constructor(store: ParameterStore, name: string, embed: number, heads: number, weightDropout: DropoutSite) {
    super(store, name, embed, heads, weightDropout, [['q_proj', 'k_proj', 'v_proj']]);
    [this.#queryKeyValue] = this.inputs as [Linear];
  }

  /** Attends from each row to the rows of the same sentence. */
  apply(
    x: tf.Tensor2D, // float32 [rows, embed]
    layout: RowLayout,
    causal: boolean,
    mode: Mode,
  ): tf.Tensor2D {
    const dropout = this.weightDropout.spec(mode);
    const queryKeyValue = this.#queryKeyValue.apply(x);
    return this.output.apply(selfAttention(queryKeyValue, layout, { heads: this.heads, causal, dropout }));
  }

  /**
   * Decodes one new position per hypothesis. It attends to itself and to all earlier positions.
   * @param past float32 [rows, time, 2 · embed] = [k | v] of the earlier positions, or null at the first position
   * @param layouts the layout of the queries, one per row, and of the keys including the new ones
   * @returns the output [rows, embed] and the keys and values including the new position
   */
  step(
    x: tf.Tensor2D, // float32 [rows, embed]
    past: tf.Tensor3D | null,
    layouts: { readonly query: RowLayout; readonly key: RowLayout },
  ): { output: tf.Tensor2D; keyValue: tf.Tensor3D } {
    const rows = x.shape[0];
    const queryKeyValue = tf.expandDims(this.#queryKeyValue.apply(x), 1) as tf.Tensor3D;
    const query = tf.reshape(tf.slice(queryKeyValue, [0, 0, 0], [rows, 1, this.embed]), [rows, this.embed]);
    const newest = tf.slice(queryKeyValue, [0, 0, this.embed], [rows, 1, 2 * this.embed]);
    const keyValue = past === null ? newest : tf.concat([past, newest], 1);
    const flat = tf.reshape(keyValue, [-1, 2 * this.embed]) as tf.Tensor2D;
    const options = { heads: this.heads, causal: false, dropout: null };
    const context = crossAttention(query as tf.Tensor2D, layouts.query, flat, layouts.key, options);
    return { output: this.output.apply(context), keyValue };
  }
}

/** The keys and values that a decoder layer projects from the encoder's output, and the layout of their rows. */
export interface SourceMemory {
  readonly keyValue: tf.Tensor2D; // float32 [source rows, 2 · embed]
  readonly layout: RowLayout;
}

/** Attention of target positions to the encoder's output. */
export class EncoderAttention extends MultiheadAttention {
  readonly #query: Linear; // [embed, embed]
  readonly #keyValue: Linear; // [2 · embed, embed]

  constructor(store: ParameterStore, name: string, embed: number, heads: number, weightDropout: DropoutSite) {
    super(store, name, embed, heads, weightDropout, [['q_proj'], ['k_proj', 'v_proj']]);
    [this.#query, this.#keyValue] = this.inputs as [Linear, Linear];
  }

  /** Keys and values of the encoder's output, float32 [source rows, 2 · embed]. A search computes them once. */
  projectSource(source: tf.Tensor2D): tf.Tensor2D {
    return this.#keyValue.apply(source);
  }

  /** Attends from target rows to the source's keys and values. */
  apply(
    x: tf.Tensor2D, // float32 [target rows, embed]
    layout: RowLayout,
    memory: SourceMemory,
    mode: Mode,
  ): tf.Tensor2D {
    const dropout = this.weightDropout.spec(mode);
    const options = { heads: this.heads, causal: false, dropout };
    return this.output.apply(crossAttention(this.#query.apply(x), layout, memory.keyValue, memory.layout, options));
  }

  /** The attention weights averaged over heads: float32 [batch, target, source]. */
  weights(x: tf.Tensor2D, queryLayout: RowLayout, { keyValue, layout: keyLayout }: SourceMemory): tf.Tensor3D {
    const [key] = tf.split(keyValue, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    const attributes = { queryLayout, keyLayout, heads: this.heads, causal: false };
    return tf.mean(attentionWeights(this.#query.apply(x), key, attributes), 1);
  }
}
