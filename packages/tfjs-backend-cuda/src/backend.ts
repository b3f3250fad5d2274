import type { BackendTimingInfo, BackendValues, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { MathBackendCPU, util } from './core.js';
import type { CublasLt } from './cublaslt.js';
import type { DeviceInfo, Driver } from './driver.js';
import { GradientPass, type GradientPlace, type GradientTarget } from './gradients.js';
import { bfloat16Copy } from './host/arena.js';
import { LARGEST_HEAD } from './host/attention.js';
import type { HostDevice, Precision, Storage } from './host/host-device.js';
import { float32Copy } from './host/storage.js';
import { Launcher, type LaunchShape, type Parameter } from './launch.js';
import { Modules } from './modules.js';
import { DevicePool } from './pool.js';
import { type CopyProfile, type KernelProfile, Recorder } from './recorder.js';
import type { Block } from './slab.js';
import { type ArenaPart, type DeviceMemory, type DeviceType, TensorData } from './tensor-data.js';
import { waitUntil } from './waiting.js';

/** How the time between `startProfile` and `endProfile` was spent. */
export interface Profile {
  readonly milliseconds: number; // in total
  readonly kernels: readonly KernelProfile[]; // of the GPU, the slowest first
  /** What moved between host and GPU, by the operation that caused it. */
  readonly copies: readonly CopyProfile[];
  /** Device memory of tensors, in bytes: the most in use since the backend was created, and all slabs. */
  readonly pool: { readonly mostInUse: number; readonly reserved: number };
}

type DataId = TensorInfo['dataId'];

/** What the backend did so far. */
export interface Statistics {
  readonly launches: number;
  readonly uploads: number; // of tensors, to the device
  readonly downloads: number;
  /** Tensors stored as bfloat16 that kernels without a variant for it read, and so were copied to float32. */
  readonly widened: number;
  /** The number of calls of each kernel that the host computed. */
  readonly borrowed: ReadonlyMap<string, number>;
}

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * tfjs's JavaScript backend with values on the host, on a GPU, or on both (see TensorData). The kernels of the GPU and
 * those of the JavaScript backend work on the same tensors; values are copied when the other side needs them.
 *
 * Calls return before the GPU has computed. Reading a tensor waits for it.
 */
export class CudaBackend extends MathBackendCPU implements HostDevice {
  /** Fused attention, and native search, compute heads of up to this size. */
  readonly largestHead = LARGEST_HEAD;
  readonly launcher: Launcher;
  readonly modules: Modules;
  /**
   * What linear layers, attention and the classifier multiply, and how the device stores what they exchange; it may change
   * between kernels.
   */
  precision: Precision = 'float32';
  readonly #memory: DeviceMemory;
  readonly #borrowed = new Map<string, number>();
  readonly #outputs: DataId[] = []; // of the running kernel
  readonly #lent: Block[] = []; // float32 copies for the running kernel
  #widened = 0;
  #pass: GradientPass | null = null;
  #profileStart = 0; // milliseconds
  /** What zeros() shares: views of the same array. */
  #zeros = new Float32Array(0);
  readonly #zeroBuffers = new WeakSet<ArrayBufferLike>();

  /** @param blas computes large products instead of this package's kernels */
  constructor(
    readonly driver: Driver,
    readonly blas: CublasLt | null = null,
  ) {
    super();
    this.launcher = new Launcher(driver);
    this.modules = new Modules(driver);
    this.#memory = { driver, pool: new DevicePool(driver), uploads: 0, downloads: 0 };
  }

  get device(): DeviceInfo {
    return this.driver.device;
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(dataId: DataId, values: BackendValues, _shape: number[], dtype: DataType, refCount: number): void {
    const data = TensorData.onHost(this.#memory, dtype, stored(values, dtype));
    data.refCount = refCount;
    this.data.set(dataId, data);
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    const data = this.#record(dataId);
    if (data.isOnHost || data.complexTensorInfos !== undefined) return this.readSync(dataId);
    data.hold(); // the tensor may be disposed before the stream has passed
    try {
      await this.computed();
      return data.read();
    } finally {
      data.letGo();
    }
  }

  /** Waits until the device has computed everything that was started so far. */
  async computed(): Promise<void> {
    const event = this.driver.recordEvent();
    try {
      await waitUntil(() => this.driver.isDone({ event }));
    } finally {
      this.driver.releaseEvent({ event });
    }
  }

  override readSync(dataId: DataId): BackendValues {
    const data = this.#record(dataId);
    if (data.complexTensorInfos !== undefined || data.dtype === 'string') return super.readSync(dataId);
    const values = data.read();
    // The reader may change the values, but not those of other zeros.
    return ArrayBuffer.isView(values) && this.#zeroBuffers.has(values.buffer) ? values.slice() : values;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.data.has(dataId)) return true;
    const data = this.#record(dataId);
    const isGone = super.disposeData(dataId, force);
    if (isGone) data.release();
    return isGone;
  }

  override memory(): ReturnType<InstanceType<typeof MathBackendCPU>['memory']> {
    const { inUse, reserved } = this.poolBytes;
    const onDevice = { unreliable: false, reasons: [], numBytesInGPU: inUse, numBytesInGPUAllocated: reserved };
    return onDevice;
  }

  /** The time of the kernels of `work` on the GPU. */
  override async time(work: () => void): Promise<BackendTimingInfo> {
    const from = this.driver.recordEvent();
    work();
    const to = this.driver.recordEvent();
    const kernelMs = this.driver.elapsed({ from, to });
    for (const event of [from, to]) this.driver.releaseEvent({ event });
    return { kernelMs };
  }

  override dispose(): void {
    this.#memory.pool.clear();
  }

  /**
   * Creates a tensor on the device for a kernel to fill; its contents are arbitrary.
   * @param storage how the elements of a float32 tensor are stored
   * @throws OutOfDeviceMemory
   */
  output(shape: readonly number[], dtype: DeviceType = 'float32', storage: Storage = 'float32'): TensorInfo {
    const dataId = {};
    this.data.set(dataId, TensorData.onDevice(this.#memory, dtype, elements(shape), storage));
    this.#outputs.push(dataId);
    return { dataId, shape: shape as number[], dtype };
  }

  /** Takes memory of the device until `giveMemory`. @throws OutOfDeviceMemory */
  takeMemory(bytes: number): Block {
    return this.#memory.pool.take(bytes);
  }

  giveMemory(block: Block): void {
    this.#memory.pool.give(block);
  }

  /** Creates a tensor's values in an arena, at an address that stays valid as long as the tensor. */
  inArena(part: ArenaPart, size: number): DataId {
    const dataId = {};
    this.data.set(dataId, TensorData.inArena(this.#memory, size, part));
    return dataId;
  }

  /**
   * The address of a tensor on the device, which it is copied to if it is not there. If it is stored as bfloat16, this is the
   * address of a float32 copy, until `endKernel`.
   */
  address({ dataId, dtype }: TensorInfo): number {
    const data = this.#record(dataId);
    return data.storage === 'bfloat16' && dtype === 'float32' ? this.#widen(data) : data.address(dtype as DeviceType);
  }

  /** How the device stores the elements of a float32 tensor. */
  storageOf({ dataId }: TensorInfo): Storage {
    return this.#record(dataId).storage;
  }

  /** The address of a float32 tensor as it is stored. */
  storedAddress({ dataId }: TensorInfo): number {
    return this.#record(dataId).address('float32');
  }

  /** The address of a float32 tensor as bfloat16: of its elements if they are stored so, else of rounded ones. */
  bfloat16Address({ dataId }: TensorInfo): number {
    return this.#record(dataId).bfloat16Address((args) => bfloat16Copy(this, args));
  }

  /** The address of a copy in bfloat16 of an output: the kernel that fills the output fills this too. */
  roundedOutput({ dataId }: TensorInfo): number {
    return this.#record(dataId).bfloat16Address(() => undefined);
  }

  #widen(data: TensorData): number {
    const block = this.takeMemory(4 * data.size);
    this.#lent.push(block);
    float32Copy(this, { x: data.address('float32'), y: block.address, size: data.size });
    this.#widened += 1;
    return block.address;
  }

  /** The values of a tensor if the host has them, without waiting for the device; otherwise null. */
  hostValues({ dataId }: TensorInfo): BackendValues | null {
    const data = this.#record(dataId);
    return data.isOnHost ? data.values : null;
  }

  /** Called after a kernel has written to a tensor that the host may have read before. */
  overwritten({ dataId }: TensorInfo): void {
    this.#record(dataId).forgetHost();
  }

  /** Returns another tensor with the same values, as Reshape does. */
  alias({ dataId, dtype }: TensorInfo, shape: number[]): TensorInfo {
    this.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /** Launches a kernel of the file cu/FILE.cu. */
  launch(file: string, name: string, shape: LaunchShape, parameters: readonly Parameter[]): void {
    this.launcher.launch(this.modules.kernel(file, name, shape.dynamicShared), shape, parameters);
  }

  get multiprocessors(): number {
    return this.device.multiprocessors;
  }

  get sharedMemoryPerBlock(): number {
    return this.device.sharedMemoryPerBlock;
  }

  /** Lends memory of the device to the kernels that `work` starts. @throws OutOfDeviceMemory */
  borrow(bytes: number, work: (address: number) => void): void {
    const { pool } = this.#memory;
    const block = pool.take(bytes);
    try {
      work(block.address);
    } finally {
      pool.give(block);
    }
  }

  /** Creates zeros, which take no memory of the device until a kernel reads them. */
  zeros(shape: readonly number[]): TensorInfo {
    const size = elements(shape);
    if (size > this.#zeros.length) this.#zeros = new Float32Array(size);
    this.#zeroBuffers.add(this.#zeros.buffer);
    const dataId = {};
    this.data.set(dataId, TensorData.onHost(this.#memory, 'float32', this.#zeros.subarray(0, size)));
    this.#outputs.push(dataId);
    return { dataId, shape: shape as number[], dtype: 'float32' };
  }

  /** Whether `zeros` created the tensor. */
  isZeros({ dataId }: TensorInfo): boolean {
    const data = this.#record(dataId);
    return data.isOnHost && data.values instanceof Float32Array && this.#zeroBuffers.has(data.values.buffer);
  }

  /**
   * While `work` runs, gradient kernels add the gradients of parameters to the targets of their tensors' ids, and return
   * zeros instead.
   * @param overwrite whether the contents of the targets count as 0
   */
  collectGradients<T>(targets: ReadonlyMap<number, GradientTarget>, overwrite: boolean, work: () => T): T {
    const pass = new GradientPass(this.driver, this.#memory.pool, targets, overwrite);
    this.#pass = pass;
    try {
      return work();
    } finally {
      this.#pass = null;
      pass.end();
    }
  }

  /** The backward pass that collects gradients now, and its forward pass. */
  get gradientPass(): GradientPass | null {
    return this.#pass;
  }

  /**
   * The place for the gradient of a parameter, and the tensor that the kernel returns.
   * @param target the id of the tensor of `collectGradients` whose target the gradient may be added to
   */
  gradientOutput({ shape }: TensorInfo, target: number | undefined): GradientPlace & { readonly info: TensorInfo } {
    const place = target === undefined ? null : (this.#pass?.place(target) ?? null);
    if (place !== null) return { ...place, info: this.zeros(shape) };
    const info = this.output(shape);
    return { address: this.address(info), accumulate: false, info };
  }

  /** Called before a kernel runs. Kernels do not call each other. */
  startKernel(): void {
    this.#outputs.length = 0;
  }

  /** Called when the host side of a kernel has ended: gives back what `address` lent. */
  endKernel(): void {
    for (const block of this.#lent) this.giveMemory(block);
    this.#lent.length = 0;
  }

  /** Disposes the outputs of the running kernel, which has failed: no other code refers to them. */
  abandonKernel(): void {
    for (const dataId of this.#outputs) this.disposeData(dataId);
  }

  /** Runs a kernel that the host computes, and counts the call. */
  borrowed<T>(kernelName: string, compute: () => T): T {
    this.#borrowed.set(kernelName, (this.#borrowed.get(kernelName) ?? 0) + 1);
    const { recorder } = this.driver;
    return recorder === null ? compute() : recorder.borrowed(kernelName, compute);
  }

  /** Waits for the GPU and starts to record its kernels and copies. Without a profile, a launch costs one comparison more. */
  startProfile(): void {
    this.driver.synchronize();
    this.driver.recorder = new Recorder(this.driver);
    this.#profileStart = performance.now();
  }

  /** Waits for the GPU and ends the profile that `startProfile` started. @throws Error without one */
  endProfile(): Profile {
    const { recorder } = this.driver;
    if (recorder === null) throw new Error('endProfile() without startProfile()');
    this.driver.recorder = null;
    this.driver.synchronize();
    const milliseconds = performance.now() - this.#profileStart;
    const { mostInUse, reserved } = this.poolBytes;
    return { milliseconds, ...recorder.end(), pool: { mostInUse, reserved } };
  }

  get statistics(): Statistics {
    const { uploads, downloads } = this.#memory;
    const { launches } = this.launcher;
    return { launches, uploads, downloads, widened: this.#widened, borrowed: this.#borrowed };
  }

  /** The bytes of device memory: in tensors now, in tensors at most, and in all slabs. */
  get poolBytes(): { readonly inUse: number; readonly mostInUse: number; readonly reserved: number } {
    const { bytesInUse: inUse, mostBytesInUse: mostInUse, bytesReserved: reserved } = this.#memory.pool;
    return { inUse, mostInUse, reserved };
  }

  #record(dataId: DataId): TensorData {
    return this.data.get(dataId) as TensorData;
  }
}

/** JavaScript kernels write [] for no elements and arrays of numbers. */
function stored(values: BackendValues, dtype: DataType): BackendValues {
  const isNumbers = Array.isArray(values) && dtype !== 'string' && dtype !== 'complex64';
  return isNumbers ? (util.toTypedArray(values, dtype) as BackendValues) : values;
}
