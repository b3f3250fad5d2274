import { InternalError, UserError } from '../errors.js';
import { currentDevice } from '../ops/opened-device.js';
import * as tf from '../tf/index.js';

/** Blocks start at multiples of this number of float32 elements: 64 bytes, a cache line and an AVX-512 register. */
const ALIGNMENT = 16;

/** Backends whose tensors read the caller's array in place, so that a write to an arena changes the weights. */
const BACKENDS_READING_IN_PLACE: readonly string[] = ['cpu', 'onednn'];

/** Fills the values of one parameter; `random` returns uniform numbers in [0, 1). */
export type Initializer = (values: Float32Array, shape: readonly number[], random: () => number) => void;

/** One parameter under its name in checkpoints, which is fairseq's. */
export interface NamedParameter {
  readonly name: string; // fairseq's, e.g. encoder.layers.0.fc1.weight
  readonly shape: readonly number[]; // as fairseq has it
  readonly offset: number; // its first element in the arenas
  readonly size: number; // elements
}

/**
 * A trainable tensor. It is usually one parameter. Parameters that are always used together, such as the query, key and
 * value projections, are contiguous and form one tensor, stacked along the first axis.
 */
export class Parameter {
  #tensor: tf.Tensor | null = null;
  #upload: (() => tf.Tensor) | null = null; // creates the tensor
  /** Loads values that are not in memory. */
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

  /** The value on the device; the store owns it. */
  get tensor(): tf.Tensor {
    this.#restore?.();
    if (this.#tensor === null) {
      if (this.#upload === null)
        throw new InternalError(`${this.parts[0]!.name} is used before ParameterStore.build()`);
      this.#tensor = tf.keep(this.#upload());
    }
    return this.#tensor;
  }

  /** @internal Set by the store: loads the value before its next use; null if the value is in memory. */
  set restore(restore: (() => void) | null) {
    this.#restore = restore;
  }

  /**
   * @internal Called by the store when the value on the device changes.
   * @param isLazy whether `upload` creates the tensor only when it is used
   */
  replaceTensor(upload: (() => tf.Tensor) | null, isLazy = false): void {
    this.#tensor?.dispose();
    this.#upload = upload;
    this.#tensor = upload === null || isLazy || !tf.isReady() ? null : tf.keep(upload());
  }
}

/** Reads the values of parameters into arrays. */
export type WeightSource = (wanted: readonly { readonly block: Parameter; readonly target: Float32Array }[]) => void;

interface Declaration {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initialize: Initializer;
}

/** The parameters of a checkpoint that a model is built for. */
export interface StoredParameters {
  /** The checkpoint, for messages. */
  readonly source: string;
  readonly shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>; // by parameter
}

/** The error for a checkpoint that does not match the model. */
export const modelMismatch = (problem: string): UserError =>
  new UserError(problem, 'use the --arch and options that the checkpoint was trained with');

/** @throws UserError if a checkpoint lacks a parameter or has it with another shape */
export function checkStored({ source, shapes }: StoredParameters, name: string, shape: readonly number[]): void {
  const stored = shapes.get(name)?.shape;
  if (stored === undefined) throw modelMismatch(`${source} lacks the parameter ${name}`);
  if (stored.join() === shape.join()) return;
  throw modelMismatch(`${name} is [${stored.join(', ')}] in ${source} and [${shape.join(', ')}] in this model`);
}

/**
 * All parameters of a model. Values and gradients are flat arenas, and tensors are views of them, so that clipping,
 * optimizers, averaging and saving process one array. A model declares its parameters first, then calls `build`.
 */
export class ParameterStore {
  static #holder: { readonly stored: StoredParameters; readonly allocate: boolean } | null = null;

  /** The model's device: the one that was current when the model was built; null if none was open. */
  readonly device = currentDevice();
  readonly #initializers: { parameter: NamedParameter; initialize: Initializer }[] = [];
  readonly #trainable: Parameter[] = [];
  readonly #names = new Set<string>();
  readonly #missing = new Set<Parameter>(); // parameters that are not in memory; `source` reads them
  #size = 0;
  #values = new Float32Array(0);
  #gradients: Float32Array | null = null;
  #version = 0;
  readonly #held = ParameterStore.#holder;
  #temporary = new Float32Array(0);

  /** The memory of weights that the device's search engine has packed, in bytes. */
  packedBytes = 0;

  /**
   * Reads values again, e.g. from a checkpoint, so that values that are not in use can be discarded. Null if the store
   * has the only copy, as in training.
   */
  source: WeightSource | null = null;

  /**
   * Runs `build`, which builds a model for a checkpoint. A parameter that the checkpoint lacks is refused when it is
   * declared, so that absurd sizes cost neither time nor memory.
   * @param allocate false for a model that only serves to check the checkpoint
   * @throws UserError as `checkStored` does, and errors of `build`
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

  /** Declares parameters that form one tensor, stacked along the first axis: [q | k | v]. */
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

  /** Allocates the arena and the tensors. If `random` is null, values are zeros until a checkpoint fills them. */
  build(random: (() => number) | null): this {
    if (this.#held?.allocate === false) return this;
    this.#values = new Float32Array(this.#size);
    if (random !== null) {
      for (const { parameter, initialize } of this.#initializers) {
        initialize(this.#slice(this.#values, parameter), parameter.shape, random);
      }
    }
    this.#replaceTensors(this.#trainable);
    return this;
  }

  /** The values of all parameters, float32 [size]; padding between blocks is 0. Call `valuesChanged` after a change. */
  get values(): Float32Array {
    this.load([...this.#missing]);
    return this.#values;
  }

  /** The memory of the weights in bytes: those that are loaded, and what is packed of them. */
  get bytes(): number {
    const loaded = this.#trainable.reduce((sum, block) => sum + (this.#missing.has(block) ? 0 : block.size), 0);
    return Float32Array.BYTES_PER_ELEMENT * loaded + this.packedBytes;
  }

  /** Loads values from `source` only when they are used. For devices with a search engine. */
  loadWhenNeeded(source: WeightSource): void {
    this.source = source;
    this.#version += 1;
    this.#miss(this.#trainable);
  }

  /** Loads those of the parameters that are not in memory. */
  load(blocks: readonly Parameter[]): void {
    const wanted = blocks.filter((block) => this.#missing.has(block));
    if (wanted.length === 0) return;
    this.source!(wanted.map((block) => ({ block, target: this.#slice(this.#values, block) })));
    for (const block of wanted) {
      this.#missing.delete(block);
      block.restore = null;
    }
    const arenas = this.device?.arenas;
    if (arenas == null) return;
    arenas.hostChanged([this.#values]);
    this.#replaceTensors(wanted);
  }

  /**
   * The values of a parameter for temporary use. If they are not in memory, they are read into an array that the next
   * call overwrites.
   */
  peek(block: Parameter): Float32Array {
    if (!this.#missing.has(block)) {
      this.requireOnHost(this.#values);
      return this.#slice(this.#values, block);
    }
    const target = this.#temporary.length < block.size ? new Float32Array(block.size) : this.#temporary;
    this.#temporary = target;
    this.source!([{ block, target: target.subarray(0, block.size) }]);
    return target.subarray(0, block.size);
  }

  /**
   * Discards the values of some parameters, e.g. after they were packed. They are loaded again if they are used.
   * Without a source this does nothing.
   * @param release frees the memory of an array, whose contents are then undefined
   */
  discard(blocks: readonly Parameter[], release: (values: Float32Array) => void): void {
    if (this.source === null) return;
    for (const block of blocks) if (!this.#missing.has(block)) release(this.#slice(this.#values, block));
    this.#miss(blocks);
    this.#temporary = new Float32Array(0);
  }

  /** Marks parameters as missing; the first use of one loads all missing parameters. */
  #miss(blocks: readonly Parameter[]): void {
    for (const block of blocks) {
      this.#missing.add(block);
      block.restore = () => this.load([...this.#missing]);
    }
  }

  /** The gradients of all parameters, float32 [size]; allocated at the first use. */
  get gradients(): Float32Array {
    this.#gradients ??= new Float32Array(this.#size);
    return this.#gradients;
  }

  /** The trainable tensors. */
  get trainable(): readonly Parameter[] {
    return this.#trainable;
  }

  /** All parameters under their names in checkpoints. */
  get parameters(): readonly NamedParameter[] {
    return this.#initializers.map(({ parameter }) => parameter);
  }

  /** A parameter's part of an arena, as a view. */
  view(arena: Float32Array, parameter: NamedParameter | Parameter): Float32Array {
    return this.#slice(arena, parameter);
  }

  /** A number that changes with the values, so that data derived from them can be updated. */
  get version(): number {
    return this.#version;
  }

  /** Makes the model's device current for the operations before the next `await`. */
  useDevice(): void {
    this.device?.makeCurrent();
  }

  /**
   * Copies arenas, e.g. `values`, from the device to the host if the device has changed them. Code that reads or changes
   * their elements calls it first; kernels and `view` do not need it.
   */
  async toHost(arenas: readonly Float32Array[]): Promise<void> {
    this.useDevice();
    await this.device?.arenas?.toHost(arenas);
    this.useDevice();
  }

  /** The same for the values of the parameters that are in memory, as search reads them. */
  async valuesToHost(): Promise<void> {
    await this.toHost([this.#values]);
  }

  /** @throws InternalError if `toHost` is missing before an arena is read */
  requireOnHost(arena: Float32Array): void {
    if (this.device?.arenas?.isNewer(arena))
      throw new InternalError('an arena is read before it is copied to the host');
  }

  /**
   * Reports a change of `values` on the host or by a kernel: updates the version, and the tensors unless they read the
   * arena in place.
   */
  valuesChanged(): void {
    this.useDevice();
    this.#version += 1;
    const arenas = this.device?.arenas;
    if (arenas != null) {
      if (!arenas.isNewer(this.#values)) arenas.hostChanged([this.#values]);
    } else if (BACKENDS_READING_IN_PLACE.includes(tf.getBackend())) return;
    this.#replaceTensors(this.#trainable);
  }

  /** Frees the tensors, and the device's copies of values and gradients. */
  dispose(): void {
    for (const block of this.#trainable) block.replaceTensor(null);
    this.device?.arenas?.release(this.#gradients === null ? [this.#values] : [this.#values, this.#gradients]);
  }

  /** Makes the tensors follow the values. A device with arenas and a search engine may never need them. */
  #replaceTensors(blocks: readonly Parameter[]): void {
    const isLazy = this.device?.arenas != null && this.device.searchEngine !== null;
    for (const block of blocks) block.replaceTensor(() => this.#upload(block), isLazy);
  }

  #upload(block: Parameter): tf.Tensor {
    const arenas = this.device?.arenas;
    if (arenas != null) return arenas.tensor(this.#slice(this.#values, block), block.shape);
    return tf.tensor(this.#slice(this.#values, block), [...block.shape], 'float32');
  }

  #slice(arena: Float32Array, { offset, size }: { offset: number; size: number }): Float32Array {
    return arena.subarray(offset, offset + size);
  }
}
