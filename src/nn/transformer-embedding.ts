import { dropout } from '../ops/dropout.js';
import { embedding } from '../ops/embedding.js';
import type { RowLayout } from '../ops/row-layout.js';
import type { Parameter, ParameterStore } from '../optim/parameter-store.js';
import type { Mode } from '../plugins/model.js';
import * as tf from '../tf/index.js';
import type { DropoutSite } from './dropout-site.js';
import { normal } from './initializers.js';
import { LayerNorm } from './layer-norm.js';
import { positionNumbers, SinusoidalTable } from './positions.js';

/** Sizes and settings of the embeddings of an encoder or decoder. */
export interface TransformerEmbeddingOptions {
  readonly embed: number;
  readonly padIndex: number;
  /** The length of the longest sequence. */
  readonly maxPositions: number;
  readonly positions: 'sinusoidal' | 'learned' | 'none';
  /** The factor of token embeddings: √embed, or 1 with `--no-scale-embedding`. */
  readonly scale: number;
  readonly layerNorm: boolean;
}

/** scale · token embeddings + positions, optionally normalised, with dropout. */
export class TransformerEmbedding {
  readonly #layerNorm: LayerNorm | null;
  readonly #learnedPositions: Parameter | null; // [positions, embed]
  readonly #table: SinusoidalTable; // zeros if there are no positions
  #fixedPositions: tf.Tensor2D | null = null; // float32 [positions, embed]

  constructor(
    store: ParameterStore,
    name: string,
    readonly tokens: Parameter, // [vocab, embed]
    readonly options: TransformerEmbeddingOptions,
    readonly outputDropout: DropoutSite,
  ) {
    const { embed, padIndex, positions, layerNorm } = options;
    this.#learnedPositions =
      positions === 'learned'
        ? store.parameter(`${name}.embed_positions.weight`, [this.#rows, embed], normal(embed ** -0.5, padIndex))
        : null;
    this.#table = new SinusoidalTable(positions === 'learned' ? 0 : this.#rows, embed, padIndex);
    this.#layerNorm = layerNorm ? new LayerNorm(store, `${name}.layernorm_embedding`, embed) : null;
  }

  /** The embeddings of whole sequences: ids int32 [rows of the layout] → float32 [rows, embed]. */
  apply(ids: Int32Array, layout: RowLayout, mode: Mode): tf.Tensor2D {
    const positions = positionNumbers(ids, layout, this.options.padIndex);
    return this.#lookUp(tf.tensor1d(ids, 'int32'), tf.tensor1d(positions, 'int32'), mode);
  }

  /** The embeddings of tokens at one position, counted from 0: ids int32 [rows] → float32 [rows, embed]. */
  applyAt(ids: tf.Tensor1D, index: number, mode: Mode): tf.Tensor2D {
    const positions = tf.fill([ids.shape[0]], this.options.padIndex + 1 + index, 'int32') as tf.Tensor1D;
    return this.#lookUp(ids, positions, mode);
  }

  /** The parameters, in the order that native search reads them; fixed positions are an array instead. */
  get parameters(): readonly (Parameter | Float32Array)[] {
    return [this.tokens, this.#learnedPositions ?? this.#table.values, ...(this.#layerNorm?.parameters ?? [])];
  }

  /** Computes the rows of fixed positions before `end` in the array that `parameters` contains. */
  preparePositions(end: number): void {
    if (this.options.positions === 'sinusoidal') this.#table.fillTo(end);
  }

  dispose(): void {
    this.#fixedPositions?.dispose();
    this.#fixedPositions = null;
  }

  /** The number of rows of the table of positions. */
  get positionRows(): number {
    return this.#rows;
  }

  get #rows(): number {
    return this.options.maxPositions + this.options.padIndex + 1;
  }

  #lookUp(ids: tf.Tensor1D, positions: tf.Tensor1D, mode: Mode): tf.Tensor2D {
    const { scale, padIndex } = this.options;
    const options = { scale, padIndex, trainPositions: this.#learnedPositions !== null };
    const sum = embedding(ids, this.tokens.tensor as tf.Tensor2D, positions, this.#positionTable(), options);
    const y = dropout(this.#layerNorm?.apply(sum) ?? sum, this.outputDropout.spec(mode));
    if (y !== sum) sum.dispose(); // the tape's scope would keep it until the end of the forward pass
    return y;
  }

  #positionTable(): tf.Tensor2D {
    if (this.#learnedPositions !== null) return this.#learnedPositions.tensor as tf.Tensor2D;
    if (this.#fixedPositions === null) {
      this.preparePositions(this.#rows);
      this.#fixedPositions = tf.keep(tf.tensor2d(this.#table.values, [this.#rows, this.options.embed], 'float32'));
    }
    return this.#fixedPositions;
  }
}
