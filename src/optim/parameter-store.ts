import { InternalError, UserError } from '../errors.js';
import { currentDevice } from '../ops/opened-device.js';
import * as tf from '../tf/index.js';

/** Float32 elements between the starts of two blocks: 64 bytes, a cache line and an AVX-512 register. */
const ALIGNMENT = 16;

/** Backends whose tensors read the caller's array in place, so that a write to an arena is a write to the weights. */
const BACKENDS_READING_IN_PLACE: readonly string[] = ['cpu', 'onednn'];

/** Fills one parameter's values; `random` yields uniform numbers in [0, 1). */
export type Initializer = (values: Float32Array, shape: readonly number[], random: () => number) => void;

/** One parameter under the name it has in a checkpoint (fairseq's). */
export interface NamedParameter {
  readonly name: string; // e.g. `encoder.layers.0.fc1.weight`, as in fairseq
  readonly shape: readonly number[]; // row-major
  readonly offset: number; // elements into the arenas
  readonly size: number; // number of elements
}

/**
 * A trainable tensor. Usually one parameter; parameters that are always used together (the query, key and value
 * projections) lie one after another and form one tensor, stacked along the first axis.
 */
export class Parameter {
  #tensor: tf.Tensor | null = null;
  #upload: (() => tf.Tensor) | null = null; // makes the tensor
  /** Brings back values that were given up. */
  #restore: (() => void) | null = null;

  constructor(
    readonly shape: readonly number[], // row-major
    readonly offset: number, // elements into the arenas
    readonly parts: readonly NamedParameter[], // the named parameters in it, one after the other
  ) {}

  /** The number of elements. */
  get size(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  /** The value on the device; owned by the store. */
  get tensor(): tf.Tensor {
    this.#restore?.();
    if (this.#tensor === null) {
      if (this.#upload === null)
        throw new InternalError(`${this.parts[0]!.name} is used before ParameterStore.build()`);
      this.#tensor = tf.keep(this.#upload());
    }
    return this.#tensor;
  }

  /** @internal the store's: what is called before the value is used again; null where it is there */
  set restore(restore: (() => void) | null) {
    this.#restore = restore;
  }

  /** @internal the store's */
  replaceTensor(upload: (() => tf.Tensor) | null): void {
    this.#tensor?.dispose();
    this.#upload = upload;
    this.#tensor = upload === null || !tf.isReady() ? null : tf.keep(upload());
  }
}

/** Reads the values of parameters, each block's into its array. */
export type WeightSource = (wanted: readonly { readonly block: Parameter; readonly target: Float32Array }[]) => void;

interface Declaration {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initialize: Initializer;
}

/** What a checkpoint holds that a model is to be filled with. */
export interface StoredParameters {
  /** The checkpoint, for messages. */
  readonly source: string;
  readonly shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>; // by parameter
}

/** The error for a checkpoint and a model that are not of one kind. */
export const modelMismatch = (problem: string): UserError =>
  new UserError(problem, 'use the --arch and options that the checkpoint was trained with');

/** @throws UserError where a checkpoint lacks a parameter, or has it in another shape */
export function checkStored({ source, shapes }: StoredParameters, name: string, shape: readonly number[]): void {
  const stored = shapes.get(name)?.shape;
  if (stored === undefined) throw modelMismatch(`${source} lacks the parameter ${name}`);
  if (stored.join() === shape.join()) return;
  throw modelMismatch(`${name} is [${stored.join(', ')}] in ${source} and [${shape.join(', ')}] in this model`);
}

/**
 * All parameters of a model. Values and gradients are flat arenas; tensors are views of them, so that clipping, the
 * optimizer, averaging and saving walk one array. A model declares its parameters while it is built, then calls build().
 */
export class ParameterStore {
  static #holder: { readonly stored: StoredParameters; readonly allocate: boolean } | null = null;

  /** What the model computes on: the device that was current when it was built; null where none was opened. */
  readonly device = currentDevice();
  readonly #initializers: { parameter: NamedParameter; initialize: Initializer }[] = [];
  readonly #trainable: Parameter[] = [];
  readonly #names = new Set<string>();
  readonly #missing = new Set<Parameter>(); // not in memory: the source has them
  #size = 0;
  #values = new Float32Array(0);
  #gradients: Float32Array | null = null;
  #version = 0;
  readonly #held = ParameterStore.#holder;
  #glanced = new Float32Array(0);

  /**
   * Reads values from wherever they were loaded; null where they are nowhere else, as in training. With it, what is not in
   * use may be given up.
   */
  source: WeightSource | null = null;

  /**
   * Runs `build`, in which a model is built for a checkpoint: a parameter that the checkpoint does not have is refused where
   * it is declared, so that absurd sizes take neither time nor memory.
   * @param allocate false for a model that is not used but to see whether the checkpoint fits
   * @throws UserError as `checkStored`, and what `build` throws
   */
  static holdingTo<T>(stored: StoredParameters, build: () => T, { allocate = true } = {}): T {
    const before = ParameterStore.#holder;
    ParameterStore.#holder = { stored, allocate };
    try {
      return build();
    } finally {
      ParameterStore.#holder = before;
    }
  }

  /** Declares one parameter. */
  parameter(name: string, shape: readonly number[], initialize: Initializer): Parameter {
    return this.stacked([{ name, shape, initialize }]);
  }

  /** Declares parameters that form one tensor, stacked along their first axis: [q | k | v]. */
  stacked(declarations: readonly Declaration[]): Parameter {
    const offset = this.#size;
    const parts = declarations.map(({ name, shape, initialize }) => {
      if (this.#names.has(name)) throw new InternalError(`the parameter ${name} is declared twice`);
      if (this.#held !== null) checkStored(this.#held.stored, name, shape);
      this.#names.add(name);
      const size = shape.reduce((product, axis) => product * axis, 1);
      const part: NamedParameter = { name, shape, offset: this.#size, size };
      this.#initializers.push({ parameter: part, initialize });
      this.#size += size;
      return part;
    });
    const rows = declarations.reduce((sum, { shape }) => sum + shape[0]!, 0);
    const block = new Parameter([rows, ...declarations[0]!.shape.slice(1)], offset, parts);
    this.#size = Math.ceil(this.#size / ALIGNMENT) * ALIGNMENT;
    this.#trainable.push(block);
    return block;
  }

  /** Allocates the arena and the tensors; `random` null leaves zeros for a checkpoint to fill. */
  build(random: (() => number) | null): this {
    if (this.#held?.allocate === false) return this;
    this.#values = new Float32Array(this.#size);
    if (random !== null) {
      for (const { parameter, initialize } of this.#initializers) {
        initialize(this.#slice(this.#values, parameter), parameter.shape, random);
      }
    }
    for (const block of this.#trainable) block.replaceTensor(() => this.#upload(block));
    return this;
  }

  /** float32 [size], every parameter's value; padding between blocks stays 0. After a write call `valuesChanged`. */
  get values(): Float32Array {
    this.load([...this.#missing]);
    return this.#values;
  }

  /** Leaves every value where it is until it is asked for. For devices whose tensors read arrays in place. */
  loadWhenNeeded(source: WeightSource): void {
    this.source = source;
    this.#version += 1;
    this.#miss(this.#trainable);
  }

  /** Reads those of some parameters that are not in memory. */
  load(blocks: readonly Parameter[]): void {
    const wanted = blocks.filter((block) => this.#missing.has(block));
    if (wanted.length === 0) return;
    this.source!(wanted.map((block) => ({ block, target: this.#slice(this.#values, block) })));
    for (const block of wanted) {
      this.#missing.delete(block);
      block.restore = null;
    }
  }

  /**
   * A parameter's values for a moment: where they are not in memory they are read into an array that the next call fills
   * again.
   */
  glance(block: Parameter): Float32Array {
    if (!this.#missing.has(block)) return this.#slice(this.#values, block);
    const target = this.#glanced.length < block.size ? new Float32Array(block.size) : this.#glanced;
    this.#glanced = target;
    this.source!([{ block, target: target.subarray(0, block.size) }]);
    return target.subarray(0, block.size);
  }

  /**
   * Gives up the values of some parameters, of which something else has been made; who uses one all the same has them
   * loaded again. Does nothing without a source.
   * @param release frees the memory of an array, whose contents are arbitrary from then on
   */
  discard(blocks: readonly Parameter[], release: (values: Float32Array) => void): void {
    if (this.source === null) return;
    for (const block of blocks) if (!this.#missing.has(block)) release(this.#slice(this.#values, block));
    this.#miss(blocks);
    this.#glanced = new Float32Array(0);
  }

  /** Who asks for one of these has all that is missing read. */
  #miss(blocks: readonly Parameter[]): void {
    for (const block of blocks) {
      this.#missing.add(block);
      block.restore = () => this.load([...this.#missing]);
    }
  }

  /** float32 [size], allocated when first asked for. */
  get gradients(): Float32Array {
    this.#gradients ??= new Float32Array(this.#size);
    return this.#gradients;
  }

  /** The tensors to differentiate by. */
  get trainable(): readonly Parameter[] {
    return this.#trainable;
  }

  /** Every parameter under its checkpoint name. */
  get parameters(): readonly NamedParameter[] {
    return this.#initializers.map(({ parameter }) => parameter);
  }

  /** One parameter's part of an arena; a view, not a copy. */
  view(arena: Float32Array, parameter: NamedParameter | Parameter): Float32Array {
    return this.#slice(arena, parameter);
  }

  /** Another number after each change, for what is made from the values and kept. */
  get version(): number {
    return this.#version;
  }

  /** Makes the model's device current, for the operations up to the next `await`. */
  useDevice(): void {
    this.device?.makeCurrent();
  }

  /** Brings a changed `values` arena to the device, where tensors do not read it in place. */
  valuesChanged(): void {
    this.useDevice();
    this.#version += 1;
    if (BACKENDS_READING_IN_PLACE.includes(tf.getBackend())) return;
    for (const block of this.#trainable) block.replaceTensor(() => this.#upload(block));
  }

  /** Frees the tensors on the device. */
  dispose(): void {
    for (const block of this.#trainable) block.replaceTensor(null);
  }

  #upload(block: Parameter): tf.Tensor {
    return tf.tensor(this.#slice(this.#values, block), [...block.shape], 'float32');
  }

  #slice(arena: Float32Array, { offset, size }: { offset: number; size: number }): Float32Array {
    return arena.subarray(offset, offset + size);
  }
}
