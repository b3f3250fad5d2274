import { InternalError } from '../errors.js';
import { fullLayout, type RowLayout, selectSequences } from '../ops/row-layout.js';
import type { EncoderOutput, IncrementalState } from '../plugins/model.js';
import * as tf from '../tf/index.js';
import type { SourceMemory } from './multihead-attention.js';
import type { StepLayouts, TransformerDecoderLayer } from './transformer-layer.js';

/**
 * Keys and values of the tokens that a batch of beams has decoded so far. The encoder's keys and values are projected
 * once per sentence, and the beams of the sentence share them.
 */
export class DecodingState implements IncrementalState {
  readonly #beam: number;
  #selfKeyValues: (tf.Tensor3D | null)[]; // per layer float32 [rows, length, 2 · embed] = [k | v]
  #sourceKeyValues: tf.Tensor2D[]; // per layer float32 [source rows, 2 · embed]
  #sourceLayout: RowLayout;
  #length = 0;

  constructor(
    layers: readonly TransformerDecoderLayer[],
    { features, layout }: EncoderOutput,
    beam: number,
    readonly capacity: number,
    readonly wantsAttention: boolean,
  ) {
    this.#beam = beam;
    this.#selfKeyValues = layers.map(() => null);
    const sourceKeyValues = layers.map((layer) => layer.projectSource(features));
    this.#sourceLayout = keepLayout(layout);
    this.#sourceKeyValues = keepAll(sourceKeyValues);
  }

  get length(): number {
    return this.#length;
  }

  /** The encoder's keys and values for a decoder layer. */
  memory(layer: number): SourceMemory {
    return { keyValue: this.#sourceKeyValues[layer]!, layout: this.#sourceLayout };
  }

  /** The layouts of the next step. The caller's scope owns their tensors. */
  stepLayouts(): StepLayouts {
    const sentences = this.#sourceLayout.batch;
    const rows = sentences * this.#beam;
    return {
      row: fullLayout(rows, 1),
      past: fullLayout(rows, this.#length + 1),
      beams: fullLayout(sentences, this.#beam),
    };
  }

  /** Keys and values of a layer so far, float32 [rows, length, 2 · embed]; null before the first step. */
  past(layer: number): tf.Tensor3D | null {
    return this.#selfKeyValues[layer]!;
  }

  /** Replaces the keys and values of all layers by those that include the newest position. */
  advance(keyValues: readonly tf.Tensor3D[]): void {
    if (this.#length >= this.capacity) throw new InternalError(`more than ${this.capacity} decoding steps`);
    this.#replaceSelf(keyValues);
    this.#length += 1;
  }

  select(rows: Int32Array): void {
    const before = this.#sourceLayout.batch;
    const sentences = Int32Array.from({ length: rows.length / this.#beam }, (_, sentence) =>
      Math.floor(rows[sentence * this.#beam]! / this.#beam),
    );
    if (sentences.length !== before || sentences.some((sentence, index) => sentence !== index)) {
      this.#selectSentences(sentences);
    }
    if (rows.length === before * this.#beam && rows.every((row, index) => row === index)) return;
    if (this.#length === 0) return;
    const gathered = tf.tidy(() => {
      const indices = tf.tensor1d(rows, 'int32');
      return this.#selfKeyValues.map((keyValue) => tf.gather(keyValue!, indices));
    });
    this.#replaceSelf(gathered);
  }

  dispose(): void {
    const { starts, padding } = this.#sourceLayout.tensors;
    tf.dispose([this.#sourceKeyValues, starts, padding, this.#selfKeyValues.filter((tensor) => tensor !== null)]);
  }

  #selectSentences(sentences: Int32Array): void {
    const old = [...this.#sourceKeyValues, ...Object.values(this.#sourceLayout.tensors)];
    tf.tidy(() => {
      const { layout, rows } = selectSequences(this.#sourceLayout, sentences);
      const indices = tf.tensor1d(rows, 'int32');
      const gathered = this.#sourceKeyValues.map((keyValue) => tf.gather(keyValue, indices));
      this.#sourceLayout = keepLayout(layout);
      this.#sourceKeyValues = keepAll(gathered);
    });
    tf.dispose(old);
  }

  #replaceSelf(keyValues: readonly tf.Tensor3D[]): void {
    for (const old of this.#selfKeyValues) old?.dispose();
    this.#selfKeyValues = keepAll(keyValues);
  }
}

/** A copy of a layout whose tensors outlive the current scope. */
function keepLayout(layout: RowLayout): RowLayout {
  const tensors = { starts: tf.clone(layout.tensors.starts), padding: tf.clone(layout.tensors.padding) };
  keepAll(Object.values(tensors));
  return { ...layout, tensors };
}

/** Keeps tensors beyond the current scope. All exist already, so a failure to create one keeps none. */
function keepAll<T extends tf.Tensor>(tensors: readonly T[]): T[] {
  return tensors.map((tensor) => tf.keep(tensor));
}
