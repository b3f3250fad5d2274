import { attentionWeights, crossAttention, selfAttention } from '../ops/attention.js';
import type { RowLayout } from '../ops/row-layout.js';
import type { Parameter, ParameterStore } from '../optim/parameter-store.js';
import type { Mode } from '../plugins/model.js';
import * as tf from '../tf/index.js';
import type { DropoutSite } from './dropout-site.js';
import { uniform, xavierUniform, zeros } from './initializers.js';
import { Linear } from './linear.js';

/** Several projections of one input as one linear layer, stacked in the order of `names`. */
function stackedProjection(store: ParameterStore, name: string, names: readonly string[], embed: number): Linear {
  // Vaswani's projections are one matrix to xavier: three stacked ones get 1/√2 of the bound each.
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

/** Attention of positions to positions of the same sequence. */
export class SelfAttention {
  readonly #queryKeyValue: Linear; // [3 · embed, embed]
  readonly #output: Linear; // [embed, embed]

  constructor(
    store: ParameterStore,
    name: string,
    readonly embed: number, // width of the model
    readonly heads: number, // a divisor of embed
    readonly weightDropout: DropoutSite, // dropout of the attention weights
  ) {
    this.#queryKeyValue = stackedProjection(store, name, ['q_proj', 'k_proj', 'v_proj'], embed);
    this.#output = outputProjection(store, name, embed);
  }

  /** Its parameters in the order that native search reads them. */
  get parameters(): readonly Parameter[] {
    return [...this.#queryKeyValue.parameters, ...this.#output.parameters];
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
    return this.#output.apply(selfAttention(queryKeyValue, layout, { heads: this.heads, causal, dropout }));
  }

  /**
   * One new position of each hypothesis, attending to itself and everything before it.
   * @param past float32 [rows, time, 2 · embed] = [k | v] of the positions before, or null at the first
   * @param layouts of one query a row, and of the keys with the new one
   * @returns the output [rows, embed] and the keys and values with the new position at the end
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
    return { output: this.#output.apply(context), keyValue };
  }
}

/** What a decoder layer attends to: the encoder's keys and values for it, and where its sentences begin. */
export interface SourceMemory {
  readonly keyValue: tf.Tensor2D; // float32 [source rows, 2 · embed]
  readonly layout: RowLayout;
}

/** Attention of target positions to the encoder's output. */
export class EncoderAttention {
  readonly #query: Linear; // [embed, embed]
  readonly #keyValue: Linear; // [2 · embed, embed]
  readonly #output: Linear; // [embed, embed]

  constructor(
    store: ParameterStore,
    name: string,
    readonly embed: number, // width of the model
    readonly heads: number, // a divisor of embed
    readonly weightDropout: DropoutSite, // dropout of the attention weights
  ) {
    this.#query = stackedProjection(store, name, ['q_proj'], embed);
    this.#keyValue = stackedProjection(store, name, ['k_proj', 'v_proj'], embed);
    this.#output = outputProjection(store, name, embed);
  }

  /** Its parameters in the order that native search reads them. */
  get parameters(): readonly Parameter[] {
    return [...this.#query.parameters, ...this.#keyValue.parameters, ...this.#output.parameters];
  }

  /** The encoder's keys and values, float32 [source rows, 2 · embed]: once for all steps of a search. */
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
    return this.#output.apply(crossAttention(this.#query.apply(x), layout, memory.keyValue, memory.layout, options));
  }

  /** The attention weights averaged over heads: float32 [batch, target, source]. */
  weights(x: tf.Tensor2D, queryLayout: RowLayout, { keyValue, layout: keyLayout }: SourceMemory): tf.Tensor3D {
    const [key] = tf.split(keyValue, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    const attributes = { queryLayout, keyLayout, heads: this.heads, causal: false };
    return tf.mean(attentionWeights(this.#query.apply(x), key, attributes), 1);
  }
}
