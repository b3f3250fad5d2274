/** The sizes of a Transformer's encoder or decoder for native search. */
export interface StackSizes {
  readonly vocab: number;
  readonly positions: number; // rows of the position table
  readonly layers: number;
  readonly heads: number;
  readonly inner: number;
  readonly scale: number; // the factor of token embeddings
  readonly normalizeBefore: boolean;
  readonly normalizeEmbedding: boolean;
  readonly finalNorm: boolean;
}

/** The sizes of a Transformer with ReLU, post-norm or pre-norm. */
export interface TransformerSizes {
  readonly embed: number;
  readonly encoder: StackSizes;
  readonly decoder: StackSizes;
}

/** The source tokens of a batch without padding, sentence after sentence. */
export interface SourceRows {
  readonly ids: Int32Array; // [rows]
  readonly positions: Int32Array; // [rows], rows of the position table
  readonly starts: Int32Array; // [batch + 1]
}

/** The hypotheses of a batch during a search. Keys and values are not moved: an index maps rows to them. */
export interface EngineDecoding {
  /**
   * Appends the newest token of each row.
   * @param position the row of the position table
   * @param features receives the features of the next token, if not null
   */
  step(tokens: Int32Array /* [rows] */, position: number, features: Float32Array | null /* [rows, embed] */): void;
  /**
   * The `width` most likely classes of each row after a step, as float32 [rows, 2 · width]: log p plus the penalty of
   * the class, and the class. The best come first; equal ones are in ascending order of classes. Temperature divides
   * the logits. The next call overwrites the array.
   */
  top(width: number, temperature: number, penalties: Float32Array | null /* [vocab] */): Float32Array;
  /** Replaces row i by the former row rows[i]. */
  select(rows: Int32Array): void;
  dispose(): void;
}

/** Returns the values of a weight. */
export type WeightValues = () => Float32Array;

/** A model with packed weights. */
export interface EngineModel {
  /** The memory of the packed weights. */
  readonly bytes: number;
  startDecoding(source: SourceRows, beam: number): EngineDecoding;
  dispose(): void;
}

/** Native code that computes all layers of a search step in one call. Other devices use the operations of `ops`. */
export interface SearchEngine {
  /** Whether the engine can search with models of these sizes; all, if absent. */
  supports?(sizes: TransformerSizes): boolean;
  /**
   * Packs the weights of a model.
   * @param weights in the order that `PackedTransformer` passes; each function is called once. The engine continues to
   *   read embeddings and norms in place. The values of a matrix may be overwritten by the next call
   */
  pack(sizes: TransformerSizes, weights: readonly WeightValues[]): EngineModel;
  /** Returns the memory of an array to the system; its contents are undefined afterwards. */
  release(values: Float32Array): void;
}
