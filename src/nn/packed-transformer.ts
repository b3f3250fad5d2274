import { UserError } from '../errors.js';
import { tokenRows } from '../ops/row-layout.js';
import type { EngineDecoding, EngineModel, SourceRows, TransformerSizes, WeightValues } from '../ops/search-engine.js';
import { Parameter } from '../optim/parameter-store.js';
import type { FusedDecoding, TokenTable } from '../plugins/model.js';
import * as tf from '../tf/index.js';
import { positionNumbers } from './positions.js';
import type { TransformerEmbedding } from './transformer-embedding.js';
import type { TransformerDecoderLayer, TransformerEncoderLayer } from './transformer-layer.js';
import type { Stack, TransformerParts } from './transformer-parts.js';

/** A Transformer's weights in the search engine of its device. They are packed at first use and after each change. */
export class PackedTransformer {
  readonly #parts: TransformerParts;
  readonly #sizes: TransformerSizes | null;
  #packed: { readonly version: number; readonly model: EngineModel } | null = null;

  constructor(parts: TransformerParts) {
    this.#parts = parts;
    this.#sizes = sizesOf(parts);
  }

  /**
   * Encodes the sentences of a batch and starts a search; null if the device has no engine that supports the model.
   * @throws UserError if int8 products encounter weights or activations that are not finite
   */
  startDecoding(source: TokenTable, beam: number): FusedDecoding | null {
    const model = reportingDamage(() => this.#model());
    if (model === null) return null;
    const { padIndex, encoder, decoder } = this.#parts;
    const rows = sourceRows(source, padIndex);
    encoder.embedding.preparePositions(padIndex + 1 + source.time);
    const decoding = reportingDamage(() => model.startDecoding(rows, beam));
    return new PackedDecoding(decoding, decoder.embedding, this.#sizes!.embed);
  }

  dispose(): void {
    this.#packed?.model.dispose();
    this.#packed = null;
    this.#parts.parameters.packedBytes = 0;
  }

  #model(): EngineModel | null {
    const { parameters } = this.#parts;
    const engine = parameters.device?.searchEngine ?? null;
    if (engine === null || this.#sizes === null || engine.supports?.(this.#sizes) === false) return null;
    const { version } = parameters;
    if (this.#packed?.version !== version) {
      this.dispose();
      this.#packed = { version, model: engine.pack(this.#sizes, weightsOf(this.#parts)) };
      parameters.packedBytes = this.#packed.model.bytes;
      parameters.discard(packedOnly(this.#parts), engine.release);
    }
    return this.#packed.model;
  }
}

/** Runs `work`; reports values that int8 cannot represent as a damaged model. */
function reportingDamage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_NOT_FINITE')) throw error;
    const remedy = 'the model is damaged or its training diverged: use another checkpoint';
    throw new UserError(error.message, remedy, { cause: error });
  }
}

function sourceRows({ ids: table, batch, time }: TokenTable, padIndex: number): SourceRows {
  const rows = tokenRows(table, [batch, time], padIndex);
  const ids = rows.positions.map((position) => table[position]!);
  return { ids, positions: positionNumbers(ids, { batch, starts: rows.starts }, padIndex), starts: rows.starts };
}

/** A search in the engine. It counts positions from padIndex + 1, the first one after padding. */
class PackedDecoding implements FusedDecoding {
  #position: number;

  constructor(
    readonly decoding: EngineDecoding,
    readonly embedding: TransformerEmbedding,
    readonly embed: number,
  ) {
    this.#position = embedding.options.padIndex + 1;
  }

  stepTop(tokens: Int32Array, width: number, temperature: number, penalties: Float32Array | null): Float32Array {
    this.#advance(tokens, null);
    return reportingDamage(() => this.decoding.top(width, temperature, penalties));
  }

  step(tokens: Int32Array): tf.Tensor2D {
    const features = new Float32Array(tokens.length * this.embed);
    this.#advance(tokens, features);
    return tf.tensor2d(features, [tokens.length, this.embed]);
  }

  #advance(tokens: Int32Array, features: Float32Array | null): void {
    this.embedding.preparePositions(this.#position + 1);
    reportingDamage(() => this.decoding.step(tokens, this.#position, features));
    this.#position += 1;
  }

  select(rows: Int32Array): void {
    this.decoding.select(rows);
  }

  dispose(): void {
    this.decoding.dispose();
  }
}

/** The weights in the engine's order: embeddings, layers and final norm of each stack, then the output projection. */
function weightsOf(parts: TransformerParts): WeightValues[] {
  const { encoder, decoder, outputProjection, parameters } = parts;
  const stack = ({ embedding, layers, finalNorm }: Stack<TransformerEncoderLayer | TransformerDecoderLayer>) => [
    ...embedding.parameters,
    ...layers.flatMap((layer) => layer.parameters),
    ...(finalNorm?.parameters ?? []),
  ];
  const packed = new Set(packedOnly(parts));
  const weights = [...stack(encoder), ...stack(decoder), outputProjection];
  parameters.load(weights.filter((weight) => weight instanceof Parameter && !packed.has(weight)) as Parameter[]);
  return weights.map((weight) => () => (weight instanceof Parameter ? parameters.peek(weight) : weight));
}

/** The matrices of the layers. The engine reads other parameters in place, and `classifier` the output projection. */
function packedOnly({ encoder, decoder, outputProjection, parameters }: TransformerParts): Parameter[] {
  const read = new Set([...encoder.embedding.parameters, ...decoder.embedding.parameters, outputProjection]);
  return parameters.trainable.filter((parameter) => parameter.shape.length === 2 && !read.has(parameter));
}

/** Null for models that the engine does not support: activations other than ReLU, different widths, or no layers. */
function sizesOf({ encoder, decoder }: TransformerParts): TransformerSizes | null {
  const { embed } = encoder.embedding.options;
  const layers = [...encoder.layers, ...decoder.layers];
  const isKnown = layers.every(({ options }) => options.activation === 'relu' && options.embed === embed);
  if (!isKnown || decoder.embedding.options.embed !== embed) return null;
  if (encoder.layers.length === 0 || decoder.layers.length === 0) return null;
  return { embed, encoder: stackSizes(encoder), decoder: stackSizes(decoder) };
}

function stackSizes({
  embedding,
  layers,
  finalNorm,
}: Stack<TransformerEncoderLayer | TransformerDecoderLayer>): TransformerSizes['encoder'] {
  const { heads, inner, normalizeBefore } = layers[0]!.options;
  const { scale, layerNorm } = embedding.options;
  return {
    ...{
      vocab: embedding.tokens.shape[0]!,
      positions: embedding.positionRows,
      layers: layers.length,
      heads,
      inner,
      scale,
    },
    ...{ normalizeBefore, normalizeEmbedding: layerNorm, finalNorm: finalNorm !== null },
  };
}
