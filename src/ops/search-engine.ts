/** One side of a Transformer as native search needs it. */
export interface StackSizes {
  readonly vocab: number;
  readonly positions: number; // rows of the table of positions
  readonly layers: number;
  readonly heads: number;
  readonly inner: number;
  readonly scale: number; // of token embeddings
  readonly normalizeBefore: boolean;
  readonly normalizeEmbedding: boolean;
  readonly finalNorm: boolean;
}

/** Post-norm or pre-norm, activation ReLU. */
export interface TransformerSizes {
  readonly embed: number;
  readonly encoder: StackSizes;
  readonly decoder: StackSizes;
}

/** The tokens of a batch's sources without padding, sentence after sentence. */
export interface SourceRows {
  readonly ids: Int32Array; // [rows]
  readonly positions: Int32Array; // [rows], rows of the table of positions
  readonly starts: Int32Array; // [batch + 1]
}

/** The hypotheses of a batch under way: keys and values stay where they are, an index says which row reads which. */
export interface EngineDecoding {
  /** Consumes the newest token of each row; position: row of the table of positions. @param features to be filled */
  step(tokens: Int32Array /* [rows] */, position: number, features: Float32Array | null /* [rows, embed] */): void;
  /**
   * After a step: the `width` likeliest classes of each row, log p with the penalties added and the class, as float32
   * [rows, 2 · width]; best first, the lower class first among equals. Temperature divides the logits. The next step's
   * choice takes the same memory.
   */
  top(width: number, temperature: number, penalties: Float32Array | null /* [vocab] */): Float32Array;
  /** Row i becomes what row rows[i] was. */
  select(rows: Int32Array): void;
  dispose(): void;
}

/** Gives the values of a weight. */
export type WeightValues = () => Float32Array;

/** A model with its weights packed. */
export interface EngineModel {
  startDecoding(source: SourceRows, beam: number): EngineDecoding;
  dispose(): void;
}

/** Native code of a device for all layers of a step at once; other devices search with the operations of `ops`. */
export interface SearchEngine {
  /**
   * @param weights in the order of the native code, each called once: `PackedTransformer` hands them over so. Embeddings
   *   and norms are read in place from then on; the memory of a matrix may be that of the next one
   */
  pack(sizes: TransformerSizes, weights: readonly WeightValues[]): EngineModel;
  /** Gives the memory of an array back to the system: its contents are arbitrary from then on. */
  release(values: Float32Array): void;
}
