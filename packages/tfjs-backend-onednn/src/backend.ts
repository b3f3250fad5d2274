import type { BackendValues, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from './addon.js';
import { engine, MathBackendCPU, util } from './core.js';
import { GradientTargets } from './gradient-targets.js';
import { StoragePool } from './pool.js';
import type { Block } from './slab.js';

type DataId = TensorInfo['dataId'];
type TensorData = ReturnType<InstanceType<typeof MathBackendCPU>['data']['get']> & {
  /**
   * The memory of the pool that `values` is a view of; absent if the memory belongs to the caller or a JavaScript
   * kernel.
   */
  block?: Block;
  /** Whether a kernel has overwritten this input, which its caller had given up. */
  takenOver?: boolean;
};

/** Where a kernel writes the gradient of a parameter. */
export interface GradientOutput {
  readonly values: Float32Array;
  /** Whether the gradient is added to `values`; otherwise it overwrites them. */
  readonly accumulate: boolean;
  /** The tensor that the kernel returns. */
  readonly info: TensorInfo;
}

/** The memory that a call of a forward kernel keeps for its gradient kernel. */
interface Kept {
  readonly blocks: Block[];
  readonly sizes: readonly number[];
}

/** Zeros that take no memory until they are read. */
class Zeros {
  readonly dtype = 'float32';
  refCount = 1;
  #values: Float32Array | null = null;

  constructor(readonly size: number) {}

  get values(): Float32Array {
    this.#values ??= new Float32Array(this.size);
    return this.#values;
  }
}

/** An output that can be computed again, bit for bit. Its memory may be given up until it is read. */
class Recomputable {
  readonly dtype = 'float32';
  refCount = 1;
  readonly #size: number;
  #values: Float32Array | null;
  #block: Block | null;

  constructor(
    { values, block }: { readonly values: Float32Array; readonly block: Block },
    readonly pool: StoragePool,
    /** The inputs of `compute`, which live as long as this. */
    readonly sources: readonly DataId[],
    readonly compute: (values: Float32Array) => void,
  ) {
    this.#size = values.length;
    this.#values = values;
    this.#block = this.#followed(block);
  }

  get block(): Block | undefined {
    return this.#block ?? undefined;
  }

  get values(): Float32Array {
    if (this.#values === null) {
      this.#block = this.#followed(this.pool.take(4 * this.#size));
      this.#values = floatsOf(this.#block, this.#size);
      this.compute(this.#values);
    }
    return this.#values;
  }

  giveUp(): void {
    if (this.#block !== null) this.pool.give(this.#block);
    this.#block = this.#values = null;
  }

  #followed(block: Block): Block {
    block.onMove = () => {
      this.#values = floatsOf(block, this.#size);
    };
    return block;
  }
}

const floatsOf = ({ slab, offset }: Block, size: number): Float32Array => new Float32Array(slab.buffer, offset, size);

const arraysOf = ({ blocks, sizes }: Kept): Float32Array[] => blocks.map((block, at) => floatsOf(block, sizes[at]!));

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * tfjs's JavaScript backend with storage that native kernels use in place. Every kernel of the JavaScript backend works
 * on it too.
 *
 * The outputs of native kernels are in recycled blocks, which return to the pool when their last tensor is disposed.
 * Code outside must therefore not keep references to them: reads copy, and a value that a JavaScript kernel makes as a
 * view of a block (a slice) is copied when it is written.
 */
export class OneDnnBackend extends MathBackendCPU {
  readonly #pool = new StoragePool(addon());
  readonly #outputs: DataId[] = []; // of the running kernel
  readonly #kept = new Map<symbol | undefined, Kept>(); // by call
  #spent: readonly Block[] = []; // kept blocks that the running kernel reads
  #gradientTargets: GradientTargets | null = null;
  #hasRead = false; // whether the running kernel has views of memory

  override write(values: BackendValues, _shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.data.set(dataId, { values: this.#stored(values, dtype), dtype, refCount: 1 });
    return dataId;
  }

  override readSync(dataId: DataId): BackendValues {
    const { values, block } = this.#record(dataId); // in this order, because reading a value that was given up allocates a block
    return block === undefined ? super.readSync(dataId) : (values as Float32Array | Int32Array).slice();
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.data.has(dataId)) return true;
    const record: TensorData | Recomputable = this.#record(dataId);
    const gone = super.disposeData(dataId, force);
    if (gone && record.block !== undefined) this.#pool.give(record.block);
    if (gone && record instanceof Recomputable) {
      for (const source of record.sources) if (this.disposeData(source)) engine().removeDataId(source, this);
    }
    return gone;
  }

  /** Creates a tensor for a native kernel to write to; its contents are arbitrary until then. */
  output(shape: readonly number[], dtype: 'float32' | 'int32' = 'float32'): TensorInfo {
    const size = elements(shape);
    const block = this.#pool.take(4 * size);
    const Values = dtype === 'float32' ? Float32Array : Int32Array;
    const view = (): Float32Array | Int32Array => new Values(block.slab.buffer, block.offset, size);
    const dataId = {};
    const record: TensorData = { values: view(), dtype, refCount: 1, block };
    block.onMove = () => {
      record.values = view();
    };
    this.data.set(dataId, record);
    this.#outputs.push(dataId);
    return { dataId, shape: shape as number[], dtype };
  }

  /** Creates zeros. Adding them to a tensor costs nothing. */
  zeros(shape: readonly number[]): TensorInfo {
    const dataId = {};
    this.data.set(dataId, new Zeros(elements(shape)));
    this.#outputs.push(dataId);
    return { dataId, shape: shape as number[], dtype: 'float32' };
  }

  /** Whether `zeros` created the tensor. */
  isZeros({ dataId }: TensorInfo): boolean {
    return (this.#record(dataId) as TensorData | Zeros) instanceof Zeros;
  }

  /**
   * While `work` runs, gradient kernels add the gradients of their targets to the arrays that belong to the targets'
   * ids, and return zeros instead. This avoids one more copy of every gradient beside the trainer's arena.
   * @param overwrite see GradientTargets
   */
  collectGradients<T>(targets: ReadonlyMap<number, Float32Array>, overwrite: boolean, work: () => T): T {
    const gradientTargets = new GradientTargets(targets, this.#pool, overwrite);
    this.#gradientTargets = gradientTargets;
    try {
      return work();
    } finally {
      this.#gradientTargets = null;
      this.#giveSpent();
      for (const { blocks } of this.#kept.values()) this.#give(blocks);
      this.#kept.clear();
      gradientTargets.end();
    }
  }

  /**
   * Returns memory that a forward kernel fills for the gradient kernel of the same call: one array per size, until
   * `collectGradients` ends. Returns none outside of `collectGradients` or for a call without a symbol. The symbol,
   * which both kernels get, identifies the call: two calls with the same inputs may differ in their attributes.
   */
  keep(call: symbol | undefined, sizes: readonly number[]): Float32Array[] {
    if (this.#gradientTargets === null || call === undefined) return [];
    const kept: Kept = { blocks: [], sizes };
    this.#kept.set(call, kept); // before memory is taken, so that it is returned if it does not suffice
    for (const size of sizes) kept.blocks.push(this.#pool.take(4 * size));
    return arraysOf(kept);
  }

  /** The number of bytes that calls keep now. */
  get keptBytes(): number {
    const sizes = [...this.#kept.values()].flatMap((kept) => kept.sizes);
    return 4 * sizes.reduce((sum, size) => sum + size, 0);
  }

  /**
   * Returns the arrays that `keep` gave for this call, once. The running kernel may overwrite them; the next kernel
   * gets the memory.
   */
  kept(call: symbol | undefined): Float32Array[] {
    const kept = this.#kept.get(call);
    if (kept === undefined) return [];
    this.#kept.delete(call);
    this.#giveSpent();
    this.#spent = kept.blocks;
    this.#hasRead = true;
    return arraysOf(kept);
  }

  /**
   * In a training step, takes over the memory of an input that its caller has given up, if no other tensor shares it.
   * From then on only the gradient kernel of the same operation reads it, after a check of `isTakenOver`.
   */
  takeOver({ dataId }: TensorInfo): boolean {
    const record = this.#record(dataId);
    if (this.#gradientTargets === null || record.block === undefined || record.refCount > 1) return false;
    record.takenOver = true;
    return true;
  }

  /** Whether a kernel has taken over the tensor's memory. */
  isTakenOver({ dataId }: TensorInfo): boolean {
    return this.#record(dataId).takenOver === true;
  }

  /** Makes an output of the running kernel recomputable, with the same bits, from tensors that live as long as it. */
  makeRecomputable(
    { dataId }: TensorInfo,
    sources: readonly TensorInfo[],
    compute: (values: Float32Array) => void,
  ): void {
    const { values, block } = this.#record(dataId);
    for (const source of sources) this.incRef(source.dataId);
    const output = { values: values as Float32Array, block: block! };
    const sourceIds = sources.map((source) => source.dataId);
    this.data.set(dataId, new Recomputable(output, this.#pool, sourceIds, compute));
  }

  /** Gives up the memory of a tensor until it is read. Does nothing if it cannot be computed again. */
  giveUp({ dataId }: TensorInfo): void {
    const record: TensorData | Recomputable = this.#record(dataId);
    if (record instanceof Recomputable) record.giveUp();
  }

  /**
   * Returns the place for the gradient of a parameter. A kernel calls it before it reads any values, because tensors
   * may have to move.
   * @param target the id of the tensor of `collectGradients` whose array the gradient may be added to
   */
  gradientOutput({ shape }: TensorInfo, target: number | undefined): GradientOutput {
    if (this.#hasRead) throw new Error('a kernel called gradientOutput() after it had read tensors');
    const place = target === undefined ? null : (this.#gradientTargets?.place(target) ?? null);
    if (place !== null) return { ...place, info: this.zeros(shape) };
    const info = this.output(shape);
    return { values: this.#record(info.dataId).values as Float32Array, accumulate: false, info };
  }

  /** Called before a native kernel runs. Kernels do not call each other. */
  startKernel(): void {
    this.#giveSpent();
    this.#outputs.length = 0;
    this.#hasRead = false;
  }

  /** Disposes the outputs of the running kernel, which has failed: no other code refers to them. */
  abandonKernel(): void {
    for (const dataId of this.#outputs) this.disposeData(dataId);
  }

  /** The values of a float32 tensor in place. A cast integer tensor, which shares its storage, is converted. */
  floats({ dataId }: TensorInfo): Float32Array {
    this.#hasRead = true;
    const { values } = this.#record(dataId);
    return values instanceof Float32Array ? values : Float32Array.from(values as Int32Array);
  }

  /** The values of an int32 or bool tensor as int32. */
  integers({ dataId }: TensorInfo): Int32Array {
    this.#hasRead = true;
    const { values } = this.#record(dataId);
    return values instanceof Int32Array ? values : Int32Array.from(values as Uint8Array);
  }

  /** The values of a float32 or int32 tensor, for kernels that only move elements. */
  words(info: TensorInfo): Float32Array | Int32Array {
    return info.dtype === 'int32' ? this.integers(info) : this.floats(info);
  }

  /** Returns another tensor with the same storage, as Reshape does. */
  alias({ dataId, dtype }: TensorInfo, shape: number[]): TensorInfo {
    this.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /** The bytes of recycled memory: in tensors now, in tensors at most, and of reserved address space. */
  get poolBytes(): { readonly inUse: number; readonly mostInUse: number; readonly reserved: number } {
    const { bytesInUse: inUse, mostBytesInUse: mostInUse, bytesReserved: reserved } = this.#pool;
    return { inUse, mostInUse, reserved };
  }

  override dispose(): void {
    this.#pool.clear();
  }

  #giveSpent(): void {
    this.#give(this.#spent);
    this.#spent = [];
  }

  #give(blocks: readonly Block[]): void {
    for (const block of blocks) this.#pool.give(block);
  }

  #stored(values: BackendValues, dtype: DataType): BackendValues {
    if (ArrayBuffer.isView(values)) return this.#pool.owns(values.buffer) ? values.slice() : values;
    // JavaScript kernels write [] for no elements.
    const numbers = Array.isArray(values) && dtype !== 'string' && dtype !== 'complex64';
    return numbers ? (util.toTypedArray(values, dtype) as BackendValues) : values;
  }

  #record(dataId: DataId): TensorData {
    return this.data.get(dataId);
  }
}
