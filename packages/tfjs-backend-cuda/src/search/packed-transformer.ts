import { current } from '../current-backend.js';
import type { Precision } from '../host/host-device.js';
import { Decoding, type OpenModel } from './decoding.js';
import type { SourceRows } from './encode.js';
import { packWeights, type WeightValues } from './packed-weights.js';
import { OwnedMemory, searchDevice } from './search-device.js';
import { checkSizes, type TransformerSizes } from './transformer-sizes.js';

const PRECISIONS: readonly Precision[] = ['float32', 'bfloat16'];

/** A model for search. */
export interface PackedTransformer {
  /** The memory of the GPU that the weights take. */
  readonly bytes: number;
  /**
   * Encodes sentences. @throws Error for starts, ids, positions or a beam that do not fit, or if the model is disposed
   */
  startDecoding(source: SourceRows, beam: number): Decoding;
  /** Frees the weights and disposes the open decodings. Does nothing if they are already freed. */
  dispose(): void;
}

/**
 * Copies the weights of a Transformer with ReLU to the GPU, for search. The backend 'cuda' must be the current one. Rows of
 * positions are copied when they are first used, and read from their array then.
 * @param weights for the encoder and the decoder: token embeddings [vocab, embed], positions, [norm of embeddings]; for
 *   each layer the projections [q | k | v], the output, norm; in the decoder query, [k | v], output, norm of the
 *   attention to the source; fc1, fc2, norm; [last norm]. Then the classifier [vocab, embed]. Each projection is a
 *   weight [out, in] and a bias; each norm is a gain and a bias. Each function is called once; the values of a matrix may be
 *   overwritten by the next call
 * @param precision the type of the operands of products; sums and everything else are float32. Keys and values are stored
 *   in it too
 * @throws Error for invalid sizes, an unknown precision, or weights that do not have these sizes; OutOfDeviceMemory
 */
export function packTransformer(
  sizes: TransformerSizes,
  weights: readonly WeightValues[],
  precision: Precision = 'float32',
): PackedTransformer {
  checkSizes(sizes);
  if (!PRECISIONS.includes(precision)) {
    throw new Error(`unknown precision '${precision}'; use one of ${PRECISIONS.join(', ')}`);
  }
  const device = searchDevice(current());
  const memory = new OwnedMemory(device);
  try {
    const packed = packWeights(memory, device, sizes, weights, precision);
    return new CudaTransformer({ device, sizes, precision, weights: packed, open: new Set() }, memory);
  } catch (error) {
    memory.dispose();
    throw error;
  }
}

class CudaTransformer implements PackedTransformer {
  readonly bytes: number;
  readonly #model: OpenModel;
  readonly #memory: OwnedMemory;
  #disposed = false;

  constructor(model: OpenModel, memory: OwnedMemory) {
    this.#model = model;
    this.#memory = memory;
    this.bytes = memory.bytes;
  }

  startDecoding(source: SourceRows, beam: number): Decoding {
    if (this.#disposed) throw new Error('the model is disposed: pack its weights again');
    return new Decoding(this.#model, source, beam);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const decoding of this.#model.open) decoding.dispose();
    this.#memory.dispose();
  }
}
