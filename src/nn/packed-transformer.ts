import { tokenLayout } from '../ops/row-layout.js';
import {
  type EngineDecoding,
  type EngineModel,
  type SourceRows,
  searchEngine,
  type TransformerSizes,
} from '../ops/search-engine.js';
import type { Parameter } from '../optim/parameter-store.js';
import type { FusedDecoding, TokenTable } from '../plugins/model.js';
import * as tf from '../tf.js';
import { positionNumbers } from './positions.js';
import type { Stack, TransformerParts } from './transformer.js';
import type { TransformerDecoderLayer, TransformerEncoderLayer } from './transformer-layer.js';

/** A Transformer's weights as the search engine of the device keeps them: packed when first needed and after changes. */
export class PackedTransformer {
  readonly #parts: TransformerParts;
  readonly #sizes: TransformerSizes | null;
  #packed: { readonly key: string; readonly model: EngineModel } | null = null;

  constructor(parts: TransformerParts) {
    this.#parts = parts;
    this.#sizes = sizesOf(parts);
  }

  /** Encodes the sentences of a batch; null where the device has no engine, or none for such a model. */
  startDecoding(source: TokenTable, beam: number): FusedDecoding | null {
    const model = this.#model();
    if (model === null) return null;
    const { padIndex } = this.#parts;
    const decoding = model.startDecoding(sourceRows(source, padIndex), beam);
    return new PackedDecoding(decoding, padIndex + 1, this.#sizes!.embed);
  }

  dispose(): void {
    this.#packed?.model.dispose();
    this.#packed = null;
  }

  #model(): EngineModel | null {
    const engine = searchEngine();
    if (engine === null || this.#sizes === null) return null;
    const key = `${engine.precision} ${this.#parts.parameters.version}`;
    if (this.#packed?.key !== key) {
      this.dispose();
      this.#packed = { key, model: engine.pack(this.#sizes, weightsOf(this.#parts)) };
      this.#parts.parameters.discard(packedOnly(this.#parts), engine.release);
    }
    return this.#packed.model;
  }
}

function sourceRows({ ids: table, batch, time }: TokenTable, padIndex: number): SourceRows {
  const layout = tokenLayout(table, [batch, time], padIndex);
  tf.dispose(Object.values(layout.tensors));
  const ids = Int32Array.from(layout.positions, (position) => table[position]!);
  return { ids, positions: positionNumbers(ids, layout, padIndex), starts: layout.starts };
}

/** Counts the positions; the first step is that of `firstPosition`. */
class PackedDecoding implements FusedDecoding {
  #length = 0;

  constructor(
    readonly decoding: EngineDecoding,
    readonly firstPosition: number,
    readonly embed: number,
  ) {}

  stepTop(tokens: Int32Array, width: number, temperature: number, penalties: Float32Array | null): Float32Array {
    this.decoding.step(tokens, this.firstPosition + this.#length, null);
    this.#length += 1;
    return this.decoding.top(width, temperature, penalties);
  }

  step(tokens: Int32Array): tf.Tensor2D {
    const features = new Float32Array(tokens.length * this.embed);
    this.decoding.step(tokens, this.firstPosition + this.#length, features);
    this.#length += 1;
    return tf.tensor2d(features, [tokens.length, this.embed]);
  }

  select(rows: Int32Array): void {
    this.decoding.select(rows);
  }

  dispose(): void {
    this.decoding.dispose();
  }
}

/** In the order of the engine: each side's embeddings, layers and last norm, then the classifier. */
function weightsOf({ encoder, decoder, outputProjection }: TransformerParts): tf.Tensor[] {
  const side = ({ embedding, layers, finalNorm }: Stack<{ readonly tensors: readonly tf.Tensor[] }>): tf.Tensor[] => [
    ...embedding.tensors,
    ...layers.flatMap((layer) => layer.tensors),
    ...(finalNorm?.tensors ?? []),
  ];
  return [...side(encoder), ...side(decoder), outputProjection.tensor];
}

/** The matrices of the layers: the engine reads everything else in place, and the classifier may be asked for. */
function packedOnly({ encoder, decoder, outputProjection, parameters }: TransformerParts): Parameter[] {
  const read = new Set([...encoder.embedding.tensors, ...decoder.embedding.tensors, outputProjection.tensor]);
  return parameters.trainable.filter(({ shape, tensor }) => shape.length === 2 && !read.has(tensor));
}

/** Null for what the engine does not compute: another activation than ReLU, sides of unequal width, no layers. */
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
