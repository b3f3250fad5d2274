import { addon } from './addon.js';
import { checkArray } from './kernels/checks.js';
import { NativeDecoding, type NativeModel, type SourceRows } from './native-decoding.js';
import { currentSettings, useSettings } from './settings.js';
import { checkSizes, sizeFields, type TransformerSizes, weightSizes } from './transformer-sizes.js';

export type { TransformerSizes } from './transformer-sizes.js';

/**
 * The element type of products. int8 quantizes weights per output channel when they are packed, and activations per
 * row.
 */
export type Precision = 'float32' | 'bfloat16' | 'int8';

const ELEMENT_BYTES: Readonly<Record<Precision, number>> = { float32: 4, bfloat16: 2, int8: 1 };
const PRECISIONS: readonly Precision[] = ['float32', 'bfloat16', 'int8']; // in the order of cc/kernels/packed-gemm.h

/** A model for search. */
export interface PackedTransformer {
  /** The memory of the packed matrices, without padding and scales. */
  readonly bytes: number;
  /**
   * Encodes sentences. @throws Error for starts, ids, positions or a beam that do not fit, or if the model is disposed
   */
  startDecoding(source: SourceRows, beam: number): NativeDecoding;
  /** Frees the packed weights and disposes the open decodings. Does nothing if they are already freed. */
  dispose(): void;
}

/** Returns the values of a weight; called once. */
export type WeightValues = () => Float32Array;

/**
 * Packs the weights of a Transformer with ReLU, one after the other. Embeddings and norms are read in place: their
 * arrays must not change while the model is in use. The memory of a layer's matrix or of the classifier may be reused
 * for the next one.
 * @param weights for the encoder and the decoder: token embeddings [vocab, embed], positions, [norm of embeddings]; for
 *   each layer the projections [q | k | v], the output, norm; in the decoder query, [k | v], output, norm of the
 *   attention to the source; fc1, fc2, norm; [last norm]. Then the classifier [vocab, embed]. Each projection is a
 *   weight [out, in] and a bias; each norm is a gain and a bias.
 * @param settings of all its searches, regardless of the current settings; products use `precision`
 * @throws Error for invalid sizes, an unknown precision, or weights that do not have these sizes
 */
export function packTransformer(
  sizes: TransformerSizes,
  weights: readonly WeightValues[],
  precision: Precision,
  settings = currentSettings(),
): PackedTransformer {
  checkSizes(sizes);
  if (!PRECISIONS.includes(precision)) {
    throw new Error(`unknown precision '${precision}'; use one of ${PRECISIONS.join(', ')}`);
  }
  const expected = weightSizes(sizes, weights.length);
  const arrays = new Set<Float32Array>();
  const valuesOf = (index: number): Float32Array => {
    const { name, length } = expected[index]!;
    const values = weights[index]!();
    checkArray(`the weight ${name}`, values, length);
    arrays.add(values);
    return values;
  };
  useSettings(settings);
  const handle = addon().openTransformer({
    ...{ sizes: sizeFields(sizes), encoderScale: sizes.encoder.scale, decoderScale: sizes.decoder.scale },
    ...{ weights: valuesOf, count: weights.length, precision: PRECISIONS.indexOf(precision) },
  });
  const elements = expected.reduce((sum, { length, isMatrix }) => sum + (isMatrix ? length : 0), 0);
  const bytes = ELEMENT_BYTES[precision] * elements;
  return new NativeTransformer({ handle, sizes, settings, arrays, open: new Set() }, bytes);
}

class NativeTransformer implements PackedTransformer {
  readonly #model: NativeModel;
  #disposed = false;

  constructor(
    model: NativeModel,
    readonly bytes: number,
  ) {
    this.#model = model;
  }

  startDecoding(source: SourceRows, beam: number): NativeDecoding {
    if (this.#disposed) throw new Error('the model is disposed: pack its weights again');
    return new NativeDecoding(this.#model, source, beam);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const decoding of this.#model.open) decoding.dispose();
    addon().closeTransformer(this.#model.handle);
    this.#model.arrays.clear();
  }
}
