import type { BackendValues, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { Driver } from './driver.js';
import type { Storage } from './host/host-device.js';
import type { DevicePool } from './pool.js';
import type { Block } from './slab.js';

/** The types of elements that kernels of the device know. A bool is a byte. */
export type DeviceType = 'float32' | 'int32' | 'bool';

type DeviceValues = Float32Array | Int32Array | Uint8Array;

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

const BYTES = { float32: 4, int32: 4, bool: 1 } as const;

/** Whether kernels of the device know the type. */
export const isDeviceType = (dtype: string): dtype is DeviceType => dtype in ARRAYS;

/** The bytes of a tensor on the device. */
export const bytesOf = (size: number, dtype: DeviceType, storage: Storage): number =>
  size * (storage === 'bfloat16' ? 2 : BYTES[dtype]);

/** The memory in which tensor data live, and what was moved between host and device so far. */
export interface DeviceMemory {
  readonly driver: Driver;
  readonly pool: DevicePool;
  uploads: number;
  downloads: number;
}

/** Part of an arena of float32 values on the device. */
export interface ArenaPart {
  readonly address: number;
  /** The address of the same values, rounded to bfloat16. */
  bfloat16Address(): number;
}

/**
 * The values of a tensor: on the host, on the device, or on both. Values move when they are first needed on the other
 * side, and stay valid there. The JavaScript kernels read `values`; they know this as tfjs-backend-cpu's record.
 *
 * The device may store a float32 tensor as bfloat16. tfjs and the host see float32.
 */
export class TensorData {
  refCount = 1;
  complexTensorInfos?: { real: TensorInfo; imag: TensorInfo };
  readonly #memory: DeviceMemory;
  #host: BackendValues | null = null;
  #block: Block | null = null;
  /** Values in an arena, which outlives the tensor. */
  #arenaPart: ArenaPart | null = null;
  #holders = 0;
  #isReleased = false;
  /** The operation of a profile that wrote the values on the host. */
  readonly #origin: string | null;
  /** Copies in other types: tfjs-backend-cpu casts integers to float32 without a new record. */
  #converted: Map<DeviceType | 'bfloat16', Block> | null = null;

  private constructor(
    memory: DeviceMemory,
    readonly dtype: DataType,
    readonly size: number,
    /** How the device stores the values. */
    readonly storage: Storage = 'float32',
  ) {
    this.#memory = memory;
    this.#origin = memory.driver.recorder?.operation ?? null;
  }

  static onHost(memory: DeviceMemory, dtype: DataType, values: BackendValues): TensorData {
    const data = new TensorData(memory, dtype, values?.length ?? 0);
    data.#host = values;
    return data;
  }

  /** Values in an arena on the device. Kernels see its changes; a copy on the host does not. */
  static inArena(memory: DeviceMemory, size: number, part: ArenaPart): TensorData {
    const data = new TensorData(memory, 'float32', size);
    data.#arenaPart = part;
    return data;
  }

  /** Memory on the device with arbitrary contents, for a kernel to fill. @throws OutOfDeviceMemory */
  static onDevice(memory: DeviceMemory, dtype: DeviceType, size: number, storage: Storage = 'float32'): TensorData {
    const data = new TensorData(memory, dtype, size, storage);
    data.#block = memory.pool.take(bytesOf(size, dtype, storage));
    return data;
  }

  /** The values on the host. If they are on the device only, waits for it, copies them and keeps the copy. */
  get values(): BackendValues {
    this.#host ??= this.#download();
    return this.#host;
  }

  /** Whether reading `values` needs no copy from the device. */
  get isOnHost(): boolean {
    return this.#host !== null;
  }

  /** A copy of the values if they are on the device too or only there; otherwise the values themselves. */
  read(): BackendValues {
    if (this.#address === null) return this.values;
    return this.#host === null ? this.#download() : (this.#host as DeviceValues).slice();
  }

  /**
   * The address of the values on the device, as elements of a type: those of a tensor stored as bfloat16 are bfloat16 if
   * the type is float32. @throws OutOfDeviceMemory
   */
  address(dtype: DeviceType): number {
    if (this.#address !== null && dtype === this.dtype) return this.#address;
    if (this.#isStoredAs(dtype)) {
      this.#block = this.#upload(this.#host as DeviceValues);
      return this.#block.address;
    }
    return this.#convertedTo(dtype, () => this.#upload(ARRAYS[dtype].from(this.values as Float32Array)));
  }

  /**
   * The address of float32 values as bfloat16. Values that are not stored so are rounded once; the copy lasts as long as
   * the tensor. @throws OutOfDeviceMemory
   */
  bfloat16Address(round: (args: { readonly x: number; readonly y: number; readonly size: number }) => void): number {
    if (this.storage === 'bfloat16') return this.address('float32');
    if (this.#arenaPart !== null) return this.#arenaPart.bfloat16Address();
    return this.#convertedTo('bfloat16', () => {
      const x = this.address('float32');
      const block = this.#memory.pool.take(bytesOf(this.size, 'float32', 'bfloat16'));
      round({ x, y: block.address, size: this.size });
      return block;
    });
  }

  /** Forgets what the host knows: a kernel has written to the values on the device. */
  forgetHost(): void {
    if (this.#address === null) throw new Error('the tensor is not on the device');
    this.#host = null;
    this.#giveConverted();
  }

  get #address(): number | null {
    return this.#arenaPart?.address ?? this.#block?.address ?? null;
  }

  /** Keeps the device's memory although the tensor may be disposed, until `letGo`. */
  hold(): void {
    this.#holders += 1;
  }

  letGo(): void {
    this.#holders -= 1;
    if (this.#isReleased) this.release();
  }

  /** Gives the device's memory back, as soon as nothing holds it. */
  release(): void {
    this.#isReleased = true;
    if (this.#holders > 0) return;
    if (this.#block !== null) this.#memory.pool.give(this.#block);
    this.#block = null;
    this.#giveConverted();
  }

  #convertedTo(type: DeviceType | 'bfloat16', convert: () => Block): number {
    this.#converted ??= new Map();
    let block = this.#converted.get(type);
    if (block === undefined) {
      block = convert();
      this.#converted.set(type, block);
    }
    return block.address;
  }

  #giveConverted(): void {
    for (const block of this.#converted?.values() ?? []) this.#memory.pool.give(block);
    this.#converted = null;
  }

  #isStoredAs(dtype: DeviceType): boolean {
    return dtype === this.dtype && this.#host instanceof ARRAYS[dtype];
  }

  #upload(values: DeviceValues): Block {
    const block = this.#memory.pool.take(values.byteLength);
    const { driver } = this.#memory;
    const copy = (): void => driver.upload({ address: block.address, values });
    if (driver.recorder === null || this.#origin === null) copy();
    else driver.recorder.during(this.#origin, copy);
    this.#memory.uploads += 1;
    return block;
  }

  #download(): BackendValues {
    const address = this.#address;
    if (address === null || !isDeviceType(this.dtype)) throw new Error(`a ${this.dtype} tensor has no values`);
    this.#memory.downloads += 1;
    if (this.storage === 'bfloat16') return this.#downloadBfloat16(address);
    const values = new ARRAYS[this.dtype](this.size);
    this.#memory.driver.download({ address, values });
    return values;
  }

  #downloadBfloat16(address: number): Float32Array {
    const halves = new Uint16Array(this.size);
    this.#memory.driver.download({ address, values: halves });
    return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
  }
}
