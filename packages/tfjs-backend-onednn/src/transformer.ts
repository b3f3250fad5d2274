import { addon } from './addon.js';
import { timed } from './recorder.js';

/** What products multiply: int8 is weights by output channel and activations by row, both made when they are needed. */
export type Precision = 'float32' | 'bfloat16' | 'int8';

const PRECISIONS: readonly Precision[] = ['float32', 'bfloat16', 'int8']; // in the order of cc/kernels/packed-gemm.h

interface StackSizes {
  readonly vocab: number;
  readonly positions: number;
  readonly layers: number;
  readonly heads: number;
  readonly inner: number;
  readonly scale: number;
  readonly normalizeBefore: boolean;
  readonly normalizeEmbedding: boolean;
  readonly finalNorm: boolean;
}

export interface TransformerSizes {
  readonly embed: number;
  readonly encoder: StackSizes;
  readonly decoder: StackSizes;
}

/** A model for search; `dispose` frees its packed weights. */
export interface PackedTransformer {
  /** Encodes: ids and rows of the position table [rows], sentence s at [starts[s], starts[s + 1]). */
  startDecoding(
    source: { readonly ids: Int32Array; readonly positions: Int32Array; readonly starts: Int32Array },
    beam: number,
  ): NativeDecoding;
  dispose(): void;
}

const fields = (sizes: StackSizes): number[] => [
  ...[sizes.vocab, sizes.positions, sizes.layers, sizes.heads, sizes.inner],
  ...[sizes.normalizeBefore, sizes.normalizeEmbedding, sizes.finalNorm].map(Number),
];

/** Floating-point operations of a row's products: of the source, with the decoder's [k | v]; of a step; of its choice. */
interface RowFlops {
  readonly source: number;
  readonly step: number;
  readonly choice: number;
}

function rowFlops({ embed, encoder, decoder }: TransformerSizes): RowFlops {
  const square = 2 * embed * embed;
  return {
    source: encoder.layers * (4 * square + 4 * embed * encoder.inner) + decoder.layers * 2 * square,
    step: decoder.layers * (6 * square + 4 * embed * decoder.inner),
    choice: 2 * embed * decoder.vocab,
  };
}

/** Gives a weight's values; called once. */
export type WeightValues = () => Float32Array;

/**
 * Packs the weights of a Transformer with ReLU, one after the other. Embeddings and norms are read in place: their arrays
 * must not change while the model is in use. What a matrix of a layer, or the classifier, is given in may be used again
 * for the next one.
 * @param weights of encoder and decoder: token embeddings [vocab, embed], positions, [norm of embeddings]; of each layer
 *   the projections [q | k | v], the output, norm; in the decoder query, [k | v], output, norm of the source's attention;
 *   fc1, fc2, norm; [last norm]. Then the classifier [vocab, embed]. Weight [out, in] and bias; norms are gain and bias.
 */
export function packTransformer(
  sizes: TransformerSizes,
  weights: readonly WeightValues[],
  precision: Precision,
): PackedTransformer {
  const { embed, encoder, decoder } = sizes;
  const flops = rowFlops(sizes);
  const arrays = new Set<Float32Array>();
  const valuesOf = (index: number): Float32Array => {
    const values = weights[index]!();
    arrays.add(values);
    return values;
  };
  const handle = addon().openTransformer(
    [embed, ...fields(encoder), ...fields(decoder)],
    ...([encoder.scale, decoder.scale, valuesOf, weights.length, PRECISIONS.indexOf(precision)] as const),
  );
  return {
    startDecoding: (source, beam) => new NativeDecoding(handle, source, { beam, flops, weights: arrays }),
    dispose: () => addon().closeTransformer(handle),
  };
}

interface NativeDecodingOptions {
  readonly beam: number;
  readonly flops: RowFlops;
  /** Keeps the memory that native code reads. */
  readonly weights: ReadonlySet<Float32Array>;
}

/** The hypotheses of a batch; to be disposed before its model. A profile has it under three names. */
class NativeDecoding {
  readonly #handle: number;
  #rows: number;
  #table = new Float32Array(0); // of the likeliest classes, filled again at every step

  constructor(
    transformer: number,
    { ids, positions, starts }: { ids: Int32Array; positions: Int32Array; starts: Int32Array },
    readonly options: NativeDecodingOptions,
  ) {
    const sentences = starts.length - 1;
    const { beam, flops } = options;
    this.#handle = timed(
      'TransformerEncode',
      () => addon().openDecoding(transformer, ids, positions, starts, sentences, beam),
      () => flops.source * ids.length,
    );
    this.#rows = sentences * beam;
  }

  /** Consumes a token of each row. @param features [rows, embed] to be filled, or null */
  step(tokens: Int32Array, position: number, features: Float32Array | null): void {
    if (tokens.length !== this.#rows) throw new Error(`${tokens.length} tokens for ${this.#rows} rows`);
    timed(
      'TransformerStep',
      () => addon().decodingStep(this.#handle, tokens, position, features),
      () => this.options.flops.step * this.#rows,
    );
  }

  /** The likeliest classes after a step, until the next one: float32 [rows, 2 · width], log p and class, best first. */
  top(width: number, temperature: number, penalties: Float32Array | null): Float32Array {
    const size = this.#rows * 2 * width;
    if (this.#table.length < size) this.#table = new Float32Array(size);
    const table = this.#table.subarray(0, size);
    timed(
      'TransformerChoice',
      () => addon().decodingTop(this.#handle, penalties, temperature, table, width),
      () => this.options.flops.choice * this.#rows,
    );
    return table;
  }

  /** Row i becomes what row rows[i] was; whole sentences only. */
  select(rows: Int32Array): void {
    const { beam } = this.options;
    if (rows.length % beam !== 0) throw new Error(`${rows.length} rows are not whole beams of ${beam}`);
    addon().selectRows(this.#handle, rows, rows.length);
    this.#rows = rows.length;
  }

  dispose(): void {
    addon().closeDecoding(this.#handle);
  }
}
