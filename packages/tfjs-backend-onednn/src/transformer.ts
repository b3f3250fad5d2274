import { addon } from './addon.js';
import { checkArray } from './kernels/checks.js';
import { NativeDecoding, type NativeModel, type SourceRows } from './native-decoding.js';
import { currentSettings, useSettings } from './settings.js';
import { checkSizes, sizeFields, type TransformerSizes, weightSizes } from './transformer-sizes.js';

export type { TransformerSizes } from './transformer-sizes.js';

/** What products multiply: int8 is weights by output channel and activations by row, both made when they are needed. */
export type Precision = 'float32' | 'bfloat16' | 'int8';

const PRECISIONS: readonly Precision[] = ['float32', 'bfloat16', 'int8']; // in the order of cc/kernels/packed-gemm.h

/** A model for search. */
export interface PackedTransformer {
  /** Encodes sentences. @throws Error for starts, ids, positions or a beam that do not fit; once the model is disposed */
  startDecoding(source: SourceRows, beam: number): NativeDecoding;
  /** Frees the packed weights, and ends the decodings under way. Does nothing the second time. */
  dispose(): void;
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
 * @param settings of all its searches, whatever is current by then; its products are of `precision`
 * @throws Error for sizes or a precision that there are not, and for weights that are not of these sizes
 */
export function packTransformer(
  sizes: TransformerSizes,
  weights: readonly WeightValues[],
  precision: Precision,
  settings = currentSettings(),
): PackedTransformer {
  checkSizes(sizes);
  if (!PRECISIONS.includes(precision)) {
    throw new Error(`unknown precision '${precision}': there are ${PRECISIONS.join(', ')}`);
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
  return new NativeTransformer({ handle, sizes, settings, arrays, open: new Set() });
}

class NativeTransformer implements PackedTransformer {
  readonly #model: NativeModel;
  #disposed = false;

  constructor(model: NativeModel) {
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
