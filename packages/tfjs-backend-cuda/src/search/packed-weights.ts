import { bfloat16Copy } from '../host/arena.js';
import type { Address, Precision } from '../host/host-device.js';
import type { Norm } from '../host/search-rows.js';
import { checkFloats } from '../kernels/checks.js';
import type { OwnedMemory, SearchDevice } from './search-device.js';
import type { StackSizes, TransformerSizes } from './transformer-sizes.js';

/** Returns the values of a weight; called once. */
export type WeightValues = () => Float32Array;

/** A matrix of products in the memory of the GPU, with the precision of the model, and its bias. */
export interface Linear {
  readonly weight: Address; // [outputs, inputs]
  readonly bias: Address; // float32 [outputs]; 0 without a bias
  readonly inputs: number;
  readonly outputs: number;
}

interface FeedForward {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly norm: Norm;
}

export interface EncoderLayer {
  readonly self: { readonly queryKeyValue: Linear; readonly output: Linear; readonly norm: Norm };
  readonly feedForward: FeedForward;
}

export interface DecoderLayer extends EncoderLayer {
  readonly source: {
    readonly query: Linear;
    readonly keyValue: Linear;
    readonly output: Linear;
    readonly norm: Norm;
  };
}

export interface Stack<Layer> {
  readonly sizes: StackSizes;
  readonly tokens: Address; // float32 [vocab, embed]
  readonly positions: PositionTable;
  readonly embeddingNorm: Norm | null;
  readonly layers: readonly Layer[];
  readonly finalNorm: Norm | null;
}

/** The weights of a model in the memory of the GPU. */
export interface PackedWeights {
  readonly encoder: Stack<EncoderLayer>;
  readonly decoder: Stack<DecoderLayer>;
  readonly classifier: Linear; // without a bias
}

/** A table of positions, of which the host may compute rows only when they are needed. */
export class PositionTable {
  #known = 0; // rows on the device

  constructor(
    readonly device: SearchDevice,
    readonly address: Address, // float32 [rows, embed]
    readonly values: Float32Array, // [rows, embed]
    readonly embed: number,
  ) {}

  /** Copies the rows before `end` to the device, each row once. */
  prepare(end: number): void {
    if (end <= this.#known) return;
    const first = this.#known * this.embed;
    this.device.driver.upload({
      address: this.address + 4 * first,
      values: this.values.subarray(first, end * this.embed),
    });
    this.#known = end;
  }
}

/** Copies weights to the device, one after the other. */
class WeightReader {
  #index = 0;
  readonly #tables: { readonly values: Float32Array; readonly address: Address }[] = [];

  constructor(
    readonly device: SearchDevice,
    readonly memory: OwnedMemory,
    readonly weights: readonly WeightValues[],
    readonly precision: Precision,
  ) {}

  next(name: string, size: number): Float32Array {
    const values = this.weights[this.#index++]!();
    checkFloats(`the weight ${name}`, values, size);
    return values;
  }

  vector(name: string, size: number): Address {
    return this.#upload(this.next(name, size));
  }

  norm(name: string, embed: number): Norm {
    return { gain: this.vector(`${name}.gain`, embed), bias: this.vector(`${name}.bias`, embed) };
  }

  linear(name: string, inputs: number, outputs: number): Linear {
    const weight = this.#matrix(this.next(`${name}.weight`, inputs * outputs));
    return { weight, bias: this.vector(`${name}.bias`, outputs), inputs, outputs };
  }

  classifier(inputs: number, outputs: number): Linear {
    const values = this.next('classifier', inputs * outputs);
    const weight = (this.precision === 'float32' ? this.#shared(values) : null) ?? this.#matrix(values);
    return { weight, bias: 0, inputs, outputs };
  }

  /** A table of embeddings. Stacks and the classifier may share one. */
  tokens(name: string, size: number): Address {
    const values = this.next(name, size);
    const shared = this.#shared(values);
    if (shared !== null) return shared;
    const address = this.#upload(values);
    this.#tables.push({ values, address });
    return address;
  }

  positions(name: string, rows: number, embed: number): PositionTable {
    const values = this.next(name, rows * embed);
    return new PositionTable(this.device, this.memory.take(values.byteLength), values, embed);
  }

  #shared({ buffer, byteOffset }: Float32Array): Address | null {
    const isSame = ({ values }: { values: Float32Array }) =>
      values.buffer === buffer && values.byteOffset === byteOffset;
    return this.#tables.find(isSame)?.address ?? null;
  }

  #upload(values: Float32Array): Address {
    const address = this.memory.take(values.byteLength);
    this.device.driver.upload({ address, values });
    return address;
  }

  #matrix(values: Float32Array): Address {
    if (this.precision === 'float32') return this.#upload(values);
    const rounded = this.memory.take(2 * values.length);
    this.device.borrow(values.byteLength, (address) => {
      this.device.driver.upload({ address, values });
      bfloat16Copy(this.device, { x: address, y: rounded, size: values.length });
    });
    return rounded;
  }
}

function selfAttention(read: WeightReader, name: string, embed: number): EncoderLayer['self'] {
  const queryKeyValue = read.linear(`${name}.query_key_value`, embed, 3 * embed);
  const output = read.linear(`${name}.output`, embed, embed);
  return { queryKeyValue, output, norm: read.norm(`${name}.norm`, embed) };
}

function sourceAttention(read: WeightReader, name: string, embed: number): DecoderLayer['source'] {
  const query = read.linear(`${name}.source_query`, embed, embed);
  const keyValue = read.linear(`${name}.source_key_value`, embed, 2 * embed);
  const output = read.linear(`${name}.source_output`, embed, embed);
  return { query, keyValue, output, norm: read.norm(`${name}.source_norm`, embed) };
}

function feedForward(read: WeightReader, name: string, embed: number, inner: number): FeedForward {
  const fc1 = read.linear(`${name}.fc1`, embed, inner);
  const fc2 = read.linear(`${name}.fc2`, inner, embed);
  return { fc1, fc2, norm: read.norm(`${name}.feed_forward_norm`, embed) };
}

function stack<Layer>(
  read: WeightReader,
  side: 'encoder' | 'decoder',
  { embed, [side]: sizes }: TransformerSizes,
  layerOf: (name: string) => Layer,
): Stack<Layer> {
  const tokens = read.tokens(`${side}.tokens`, sizes.vocab * embed);
  const positions = read.positions(`${side}.positions`, sizes.positions, embed);
  const embeddingNorm = sizes.normalizeEmbedding ? read.norm(`${side}.embedding_norm`, embed) : null;
  const layers: Layer[] = [];
  for (let index = 0; index < sizes.layers; index++) layers.push(layerOf(`${side}.layers.${index}`));
  const finalNorm = sizes.finalNorm ? read.norm(`${side}.final_norm`, embed) : null;
  return { sizes, tokens, positions, embeddingNorm, layers, finalNorm };
}

/** The number of weights of a model: a projection and a norm have two each. */
function weightCount({ encoder, decoder }: TransformerSizes): number {
  const stackCount = ({ layers, normalizeEmbedding, finalNorm }: StackSizes, ofLayer: number): number =>
    2 + layers * ofLayer + 2 * (Number(normalizeEmbedding) + Number(finalNorm));
  return stackCount(encoder, 12) + stackCount(decoder, 20) + 1;
}

/**
 * Copies the weights of a model to the GPU; `memory` owns them.
 * @param weights in the order of `packTransformer`
 * @throws Error for weights that do not have these sizes
 */
export function packWeights(
  memory: OwnedMemory,
  device: SearchDevice,
  sizes: TransformerSizes,
  weights: readonly WeightValues[],
  precision: Precision,
): PackedWeights {
  const missing = weightCount(sizes) - weights.length;
  if (missing !== 0) {
    const which = missing > 0 ? 'few' : 'many';
    throw new Error(`too ${which} weights for a Transformer of these sizes: ${weights.length}`);
  }
  const read = new WeightReader(device, memory, weights, precision);
  const { embed } = sizes;
  const encoder = stack(read, 'encoder', sizes, (name) => {
    const self = selfAttention(read, name, embed);
    return { self, feedForward: feedForward(read, name, embed, sizes.encoder.inner) };
  });
  const decoder = stack(read, 'decoder', sizes, (name) => {
    const self = selfAttention(read, name, embed);
    const source = sourceAttention(read, name, embed);
    return { self, source, feedForward: feedForward(read, name, embed, sizes.decoder.inner) };
  });
  const classifier = read.classifier(embed, sizes.decoder.vocab);
  return { encoder, decoder, classifier };
}
