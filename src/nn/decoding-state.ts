import { InternalError } from '../errors.js';
import type { EncoderOutput, IncrementalState } from '../plugins/model.js';
import * as tf from '../tf.js';
import type { SourceMemory, TransformerDecoderLayer } from './transformer-layer.js';

/**
 * Keys and values of what a batch of beams has decoded so far. The encoder's are projected once and kept per sentence;
 * the beams of a sentence share them.
 */
export class DecodingState implements IncrementalState {
  readonly #beam: number;
  #selfKeyValues: (tf.Tensor3D | null)[]; // per layer float32 [rows, length, 2 · embed] = [k | v]
  #sourceKeyValues: tf.Tensor3D[]; // per layer float32 [batch, source, 2 · embed]
  #paddingMask: tf.Tensor2D; // int32 [batch, source]
  #length = 0;

  constructor(
    layers: readonly TransformerDecoderLayer[],
    { features, paddingMask }: EncoderOutput,
    beam: number,
    readonly capacity: number,
    readonly wantsAttention: boolean,
  ) {
    this.#beam = beam;
    this.#selfKeyValues = layers.map(() => null);
    this.#sourceKeyValues = layers.map((layer) => tf.keep(layer.encoderAttention.projectSource(features)));
    this.#paddingMask = tf.keep(tf.clone(paddingMask));
  }

  get length(): number {
    return this.#length;
  }

  memory(layer: number): SourceMemory {
    return { keyValue: this.#sourceKeyValues[layer]!, paddingMask: this.#paddingMask };
  }

  past(layer: number): tf.Tensor3D | null {
    return this.#selfKeyValues[layer]!;
  }

  /** Takes the keys and values of every layer with the newest position in them. */
  advance(keyValues: readonly tf.Tensor3D[]): void {
    if (this.#length >= this.capacity) throw new InternalError(`more than ${this.capacity} decoding steps`);
    this.#replaceSelf(keyValues);
    this.#length += 1;
  }

  select(rows: Int32Array): void {
    const before = this.#paddingMask.shape[0];
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
    tf.dispose([this.#sourceKeyValues, this.#paddingMask, this.#selfKeyValues.filter((tensor) => tensor !== null)]);
  }

  #selectSentences(sentences: Int32Array): void {
    const [paddingMask, ...keyValues] = tf.tidy(() => {
      const indices = tf.tensor1d(sentences, 'int32');
      return [this.#paddingMask, ...this.#sourceKeyValues].map((tensor) => tf.gather(tensor as tf.Tensor, indices));
    });
    tf.dispose([this.#paddingMask, this.#sourceKeyValues]);
    this.#paddingMask = tf.keep(paddingMask as tf.Tensor2D);
    this.#sourceKeyValues = keyValues.map((tensor) => tf.keep(tensor as tf.Tensor3D));
  }

  #replaceSelf(keyValues: readonly tf.Tensor3D[]): void {
    for (const old of this.#selfKeyValues) old?.dispose();
    this.#selfKeyValues = keyValues.map((tensor) => tf.keep(tensor));
  }
}
