import { addon } from './addon.js';
import { checkArray, checkIndices, checkStarts, checkWhole } from './kernels/checks.js';
import { timed } from './recorder.js';
import { type Settings, useSettings } from './settings.js';
import type { TransformerSizes } from './transformer-sizes.js';

/** Sentences without padding, one after the other. Sentence s has the rows [starts[s], starts[s + 1]). */
export interface SourceRows {
  readonly ids: Int32Array; // [rows]
  readonly positions: Int32Array; // [rows], rows of the position table
  readonly starts: Int32Array; // [sentences + 1]
}

/** A packed model. */
export interface NativeModel {
  readonly handle: number;
  readonly sizes: TransformerSizes;
  readonly settings: Settings;
  /** The arrays that native code reads in place, kept as long as a decoding may read them. */
  readonly arrays: Set<Float32Array>;
  /** The open decodings, through which native code reads the model. */
  readonly open: Set<NativeDecoding>;
}

/**
 * Floating-point operations of the products per row: of the source, including the decoder's [k | v]; of a step; of its
 * choice.
 */
function rowFlops({
  embed,
  encoder,
  decoder,
}: TransformerSizes): Readonly<Record<'source' | 'step' | 'choice', number>> {
  const square = 2 * embed * embed;
  return {
    source: encoder.layers * (4 * square + 4 * embed * encoder.inner) + decoder.layers * 2 * square,
    step: decoder.layers * (6 * square + 4 * embed * decoder.inner),
    choice: 2 * embed * decoder.vocab,
  };
}

/** Rows are counted in int32. */
const MOST_ROWS = 2 ** 31 - 1;

/** The hypotheses of a batch. A profile lists its work under three names. */
export class NativeDecoding {
  readonly #model: NativeModel;
  readonly #handle: number;
  readonly #beam: number;
  readonly #flops: ReturnType<typeof rowFlops>;
  #rows: number;
  #table = new Float32Array(0); // the most likely classes, reused by every step

  /** @throws Error for starts, ids, positions or a beam that do not fit the model */
  constructor(model: NativeModel, { ids, positions, starts }: SourceRows, beam: number) {
    const sentences = starts.length - 1;
    checkWhole('sentences', sentences, 1);
    checkStarts('starts', starts, ids.length, 1);
    if (positions.length !== ids.length)
      throw new Error(`there are ${positions.length} positions for ${ids.length} tokens`);
    checkWhole('beam', beam, 1, Math.floor(MOST_ROWS / sentences));
    this.#model = model;
    this.#beam = beam;
    this.#flops = rowFlops(model.sizes);
    this.#rows = sentences * beam;
    this.#handle = this.#compute(
      'TransformerEncode',
      () =>
        addon().openDecoding({ transformer: model.handle, ids, positions, starts, rows: ids.length, sentences, beam }),
      () => this.#flops.source * ids.length,
    );
    model.open.add(this);
  }

  /** Consumes one token per row. @param features [rows, embed] to be filled, or null */
  step(tokens: Int32Array, position: number, features: Float32Array | null): void {
    this.#checkOpen();
    const { embed, decoder } = this.#model.sizes;
    if (tokens.length !== this.#rows) throw new Error(`there are ${tokens.length} tokens for ${this.#rows} rows`);
    checkWhole('position', position, 0, decoder.positions - 1);
    if (features !== null) checkArray('features', features, this.#rows * embed);
    const rows = this.#rows;
    this.#compute(
      'TransformerStep',
      () => addon().decodingStep({ decoding: this.#handle, tokens, position, features, rows, embed }),
      () => this.#flops.step * rows,
    );
  }

  /**
   * Returns the most likely classes after a step, valid until the next step: float32 [rows, 2 · width], log p and
   * class, best first.
   * @throws Error unless the last call of the model was a step of this decoding
   */
  top(width: number, temperature: number, penalties: Float32Array | null): Float32Array {
    this.#checkOpen();
    const { vocab } = this.#model.sizes.decoder;
    if (width > vocab) throw new Error(`width must be at most the ${vocab} classes, not ${width}`);
    checkWhole('width', width, 1);
    if (!(temperature > 0 && Number.isFinite(temperature))) {
      throw new Error(`temperature must be above 0, not ${temperature}`);
    }
    if (penalties !== null) checkArray('penalties', penalties, vocab);
    const rows = this.#rows;
    const size = rows * 2 * width;
    if (this.#table.length < size) this.#table = new Float32Array(size);
    const table = this.#table.subarray(0, size);
    this.#compute(
      'TransformerChoice',
      () => addon().decodingTop({ decoding: this.#handle, penalties, temperature, table, rows, classes: vocab, width }),
      () => this.#flops.choice * rows,
    );
    return table;
  }

  /** Row i becomes the former row rows[i]. All rows of a beam must belong to one sentence. */
  select(rows: Int32Array): void {
    this.#checkOpen();
    const beam = this.#beam;
    if (rows.length % beam !== 0)
      throw new Error(`the number of rows must be a multiple of the beam ${beam}, not ${rows.length}`);
    checkIndices('row', rows, this.#rows);
    const sentenceOf = (index: number): number => Math.floor(rows[index]! / beam);
    const isMixed = rows.some((_, index) => sentenceOf(index) !== sentenceOf(index - (index % beam)));
    if (isMixed) throw new Error('the rows of a beam must belong to one sentence');
    addon().selectRows({ decoding: this.#handle, rows, count: rows.length });
    this.#rows = rows.length;
  }

  /** Frees the memory. Does nothing if it is already freed. */
  dispose(): void {
    if (!this.#model.open.delete(this)) return;
    addon().closeDecoding(this.#handle);
  }

  #compute<T>(name: string, work: () => T, flops: () => number): T {
    useSettings(this.#model.settings);
    return timed(name, work, flops);
  }

  #checkOpen(): void {
    if (!this.#model.open.has(this)) throw new Error('the decoding or its model is disposed');
  }
}
