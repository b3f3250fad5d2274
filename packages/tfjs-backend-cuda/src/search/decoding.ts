import { chunkRows } from '../host/classifier-statistics.js';
import { attendPast, attendSource } from '../host/decoding-attention.js';
import { multiply } from '../host/gemm.js';
import type { Address } from '../host/host-device.js';
import { vocabularyTop } from '../host/vocabulary-top.js';
import { checkFloats, checkIndices, checkInt32, checkStarts, checkWhole } from '../kernels/checks.js';
import { encode, type Source, type SourceRows, sourceLayerBytes } from './encode.js';
import type { DecoderLayer } from './packed-weights.js';
import { Past } from './past.js';
import { bytesOf, type Model, RowPass } from './row-pass.js';
import { GrowingMemory, OwnedMemory } from './search-device.js';

/** Rows are counted in int32. */
const MOST_ROWS = 2 ** 31 - 1;

/** A packed model and its open decodings. */
export interface OpenModel extends Model {
  readonly open: Set<Decoding>;
}

/**
 * The hypotheses of a batch. A step starts its kernels and returns; `top` and features wait for them. Row r belongs to
 * sentence ⌊r / beam⌋ of those that are left.
 */
export class Decoding {
  readonly #model: OpenModel;
  readonly #beam: number;
  readonly #memory: OwnedMemory;
  readonly #rowMemory: GrowingMemory;
  readonly #indices: GrowingMemory; // int32: tokens, parents and sentences of a step
  readonly #logits: GrowingMemory;
  readonly #penalties: GrowingMemory;
  readonly #top: GrowingMemory;
  readonly #past: Past;
  readonly #source: Source;
  #sentences: Int32Array; // [active], the index of each sentence in the batch
  #parents: Int32Array; // [rows], the row of the last step that each hypothesis continues
  #step: { readonly pass: RowPass<DecoderLayer>; readonly repeats: number } | null = null; // null: rows were selected
  #table = new Float32Array(0);

  /** Encodes the source. @throws Error for starts, ids, positions or a beam that do not fit the model */
  constructor(model: OpenModel, source: SourceRows, beam: number) {
    const sentences = checkSource(model, source);
    checkWhole('beam', beam, 1, Math.floor(MOST_ROWS / sentences));
    this.#model = model;
    this.#beam = beam;
    this.#sentences = Int32Array.from({ length: sentences }, (_, sentence) => sentence);
    this.#parents = new Int32Array(sentences * beam);
    const memory = new OwnedMemory(model.device);
    this.#memory = memory;
    [this.#rowMemory, this.#indices, this.#logits, this.#penalties, this.#top] = Array.from(
      { length: 5 },
      () => new GrowingMemory(memory),
    ) as [GrowingMemory, GrowingMemory, GrowingMemory, GrowingMemory, GrowingMemory];
    this.#past = new Past(model, memory);
    try {
      this.#source = encode(model, source, memory);
    } catch (error) {
      memory.dispose();
      throw error;
    }
    model.open.add(this);
  }

  /** Consumes one token per row. @param features [rows, embed] to be filled, or null */
  step(tokens: Int32Array, position: number, features: Float32Array | null): void {
    this.#checkOpen();
    const { sizes, weights } = this.#model;
    checkInt32('tokens', tokens);
    const rows = this.#rows;
    if (tokens.length !== rows) throw new Error(`there are ${tokens.length} tokens for ${rows} rows`);
    checkIndices('token id', tokens, sizes.decoder.vocab);
    checkWhole('position', position, 0, sizes.decoder.positions - 1);
    if (features !== null) checkFloats('features', features, rows * sizes.embed);
    if (rows === 0) return;

    // Before the first token all hypotheses of a sentence are equal, and one row stands for them.
    const repeats = this.#past.length === 0 && this.#areAlike(tokens) ? this.#beam : 1;
    const count = rows / repeats;
    this.#step = null;
    const indices = this.#upload(tokens, repeats);
    weights.decoder.positions.prepare(position + 1);
    this.#past.extend({ parents: indices.parents, rows: count, mostRows: rows });
    const pass = new RowPass(this.#model, weights.decoder, count, 'parts', this.#rowMemory);
    pass.begin({ ids: indices.tokens, positions: { all: position } });
    const attention = this.#attention(pass, indices.sentences);
    pass.run(attention.past, attention.source);
    this.#step = { pass, repeats };
    this.#parents = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / repeats));
    if (features !== null) this.#readRows(pass.features(), features, sizes.embed);
  }

  /**
   * Returns the most likely classes after a step, valid until the next call: float32 [rows, 2 · width], log p plus penalty
   * and class, best first.
   * @throws Error unless the last call was a step
   */
  top(width: number, temperature: number, penalties: Float32Array | null): Float32Array {
    this.#checkOpen();
    const { vocab } = this.#model.sizes.decoder;
    if (width > vocab) throw new Error(`width must be at most the ${vocab} classes, not ${width}`);
    checkWhole('width', width, 1);
    if (!(temperature > 0 && Number.isFinite(temperature))) {
      throw new Error(`temperature must be above 0, not ${temperature}`);
    }
    if (penalties !== null) checkFloats('penalties', penalties, vocab);
    if (this.#rows === 0) return new Float32Array(0);
    if (this.#step === null) throw new Error('top() must directly follow a step() of the same decoding');
    const size = this.#rows * 2 * width;
    if (this.#table.length < size) this.#table = new Float32Array(size);
    const table = this.#table.subarray(0, size);
    this.#readRows(this.#choose(this.#step.pass, { width, temperature, penalties }), table, 2 * width);
    return table;
  }

  /** Row i becomes the former row rows[i]. All rows of a beam must belong to one sentence. */
  select(rows: Int32Array): void {
    this.#checkOpen();
    checkInt32('rows', rows);
    const beam = this.#beam;
    if (rows.length % beam !== 0)
      throw new Error(`the number of rows must be a multiple of the beam ${beam}, not ${rows.length}`);
    checkIndices('row', rows, this.#rows);
    const sentenceOf = (index: number): number => Math.floor(rows[index]! / beam);
    const isMixed = rows.some((_, index) => sentenceOf(index) !== sentenceOf(index - (index % beam)));
    if (isMixed) throw new Error('the rows of a beam must belong to one sentence');
    this.#step = null;
    this.#sentences = Int32Array.from({ length: rows.length / beam }, (_, i) => this.#sentences[sentenceOf(i * beam)]!);
    this.#parents = rows.map((row) => this.#parents[row]!);
  }

  /** Frees the memory. Does nothing if it is already freed. */
  dispose(): void {
    if (this.#model.open.delete(this)) this.#memory.dispose();
  }

  get #rows(): number {
    return this.#parents.length;
  }

  #areAlike(tokens: Int32Array): boolean {
    const beam = this.#beam;
    return tokens.every((token, row) => token === tokens[row - (row % beam)]);
  }

  /** Copies what a step needs to know to the device, in one piece. */
  #upload(tokens: Int32Array, repeats: number): Readonly<Record<'tokens' | 'parents' | 'sentences', Address>> {
    const count = tokens.length / repeats;
    const values = new Int32Array(2 * count + this.#sentences.length);
    for (let row = 0; row < count; row++) values[row] = tokens[row * repeats]!;
    for (let row = 0; row < count; row++) values[count + row] = this.#parents[row * repeats]!;
    values.set(this.#sentences, 2 * count);
    const address = this.#indices.reserve(4 * 3 * tokens.length);
    this.#model.device.driver.upload({ address, values });
    return { tokens: address, parents: address + 4 * count, sentences: address + 8 * count };
  }

  /** The attention of a step to the past and to the source. */
  #attention(pass: RowPass<DecoderLayer>, sentences: Address) {
    const { device, sizes, precision } = this.#model;
    const { heads } = sizes.decoder;
    const { wide, context: contexts } = pass.memory;
    const shape = { heads, headDim: sizes.embed / heads, precision };
    const { keyValue, starts, rows: sourceRows } = this.#source;
    const sentenceCount = this.#sentences.length;
    const layerBytes = sourceLayerBytes(this.#model, sourceRows);
    return {
      past: ({ self }: DecoderLayer, layer: number): void => {
        const count = pass.multiplyParts(self.queryKeyValue, pass.operand, wide);
        const { history, length, capacity } = this.#past;
        attendPast(device, {
          ...{ ...shape, parts: wide, bias: self.queryKeyValue.bias, count, contexts, layer },
          ...{ history, rows: pass.rows, length, capacity },
        });
      },
      source: ({ source }: DecoderLayer, layer: number): void => {
        const count = pass.multiplyParts(source.query, pass.operand, wide);
        attendSource(device, {
          ...{ ...shape, parts: wide, bias: source.query.bias, count, contexts },
          ...{ keyValue: keyValue + layer * layerBytes, sentences, starts },
          ...{ sentenceCount, beams: pass.rows / sentenceCount },
        });
      },
    };
  }

  /** The table of `top` for the rows of a step, on the device. */
  #choose(
    pass: RowPass<DecoderLayer>,
    choice: { readonly width: number; readonly temperature: number; readonly penalties: Float32Array | null },
  ): Address {
    const { device, precision, weights, sizes } = this.#model;
    const { width, temperature } = choice;
    const { classifier } = weights;
    const classes = classifier.outputs;
    const most = chunkRows(pass.rows, classes);
    const logits = this.#logits.reserve(4 * most * classes);
    const table = this.#top.reserve(4 * pass.rows * 2 * width);
    let penalties: Address | null = null;
    if (choice.penalties !== null) {
      penalties = this.#penalties.reserve(4 * classes);
      device.driver.upload({ address: penalties, values: choice.penalties });
    }
    for (let first = 0; first < pass.rows; first += most) {
      const rows = Math.min(most, pass.rows - first);
      const a = pass.operand + bytesOf(precision) * first * sizes.embed;
      const product = { a, b: classifier.weight, c: logits, m: rows, n: classes, k: sizes.embed, transposeB: true };
      multiply(device, { ...product, precision }, 1);
      const part = table + 4 * first * 2 * width;
      vocabularyTop(device, { logits, penalties, table: part, rows, classes, width, temperature });
    }
    return table;
  }

  /** Waits for the device and reads the rows of a step; a row may stand for several hypotheses. */
  #readRows(address: Address, target: Float32Array /* [rows, width] */, width: number): void {
    const { pass, repeats } = this.#step!;
    this.#model.device.driver.download({ address, values: target.subarray(0, pass.rows * width) });
    if (repeats === 1) return;
    for (let row = this.#rows - 1; row >= 0; row--) {
      const from = Math.floor(row / repeats) * width;
      target.copyWithin(row * width, from, from + width);
    }
  }

  #checkOpen(): void {
    if (!this.#model.open.has(this)) throw new Error('the decoding or its model is disposed');
  }
}

/** @returns the number of sentences @throws Error for a source that does not fit the model */
function checkSource({ sizes }: Model, { ids, positions, starts }: SourceRows): number {
  for (const [name, values] of Object.entries({ ids, positions, starts })) checkInt32(name, values);
  const sentences = starts.length - 1;
  checkWhole('sentences', sentences, 1);
  checkStarts('starts', starts, ids.length, 1);
  if (positions.length !== ids.length)
    throw new Error(`there are ${positions.length} positions for ${ids.length} tokens`);
  checkIndices('token id', ids, sizes.encoder.vocab);
  checkIndices('position', positions, sizes.encoder.positions);
  return sentences;
}
