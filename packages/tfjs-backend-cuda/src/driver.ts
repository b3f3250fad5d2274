import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Recorder } from './recorder.js';

/** What the driver says about a GPU. */
export interface DeviceInfo {
  readonly name: string;
  /** The compute capability: 9 and 0 for sm_90. */
  readonly major: number;
  readonly minor: number;
  readonly totalMemory: number; // bytes
  readonly multiprocessors: number;
  readonly sharedMemoryPerBlock: number; // bytes that a kernel may ask for
  readonly driverVersion: number; // 1000 · major + 10 · minor of CUDA
}

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Uint8ClampedArray;

/** Three numbers of blocks or threads. */
export type Dimensions = readonly [x: number, y: number, z: number];

/** The name of the device that the emulated driver offers (emulation/libcuda.cc). */
export const EMULATED_DEVICE = 'emulated on the processor';

/** The functions of the add-on (cc/addon.cc), which checks all arguments. */
interface Native {
  /** A GPU of this thread, opened at the first call. */
  open(library: string, ordinal: number): NativeDevice;
  listDevices(library: string): DeviceInfo[];
  compile(library: string, source: string, name: string, architecture: string, includes: string[]): Compiled;
}

/** The functions of an open GPU. */
interface NativeDevice {
  readonly device: DeviceInfo;
  loadModule(image: Uint8Array): number;
  findFunction(module: number, name: string, dynamicShared: number): number;
  allocate(bytes: number): number;
  release(address: number): void;
  upload(address: number, values: TypedArray): void;
  download(address: number, values: TypedArray): void;
  downloadLater(address: number, bytes: number): number;
  isDownloaded(download: number): boolean;
  readDownload(download: number, values: TypedArray): void;
  releaseDownload(download: number): void;
  copy(to: number, from: number, bytes: number): void;
  fill(address: number, word: number, count: number): void;
  launch(
    ...args: readonly [
      kernel: number,
      gridX: number,
      gridY: number,
      gridZ: number,
      blockX: number,
      blockY: number,
      blockZ: number,
      dynamicShared: number,
      parameters: ArrayBuffer,
      count: number,
    ]
  ): void;
  openBlas(library: string): number;
  multiply(
    ...args: readonly [
      bfloat16: number,
      transposeA: number,
      transposeB: number,
      accumulate: number,
      m: number,
      n: number,
      k: number,
      alpha: number,
      a: number,
      b: number,
      c: number,
      bias: number,
      workspace: number,
      workspaceBytes: number,
    ]
  ): boolean;
  synchronize(): void;
  recordEvent(): number;
  isDone(event: number): boolean;
  elapsed(from: number, to: number): number;
  releaseEvent(event: number): void;
  memoryInfo(): { free: number; total: number };
}

/** What NVRTC made of a source. */
export interface Compiled {
  readonly cubin: Uint8Array;
  readonly log: string; // registers, spills and shared memory of every kernel, as ptxas prints them
}

const addonPath = fileURLToPath(new URL('../build/Release/cuda.node', import.meta.url));

let loaded: Native | null = null;

/** @throws Error if the add-on is not built or does not load */
function native(): Native {
  if (loaded === null) {
    if (!existsSync(addonPath)) {
      const script = fileURLToPath(new URL('../scripts/build.js', import.meta.url));
      throw new Error(`the CUDA add-on is not built: node ${script} builds it`);
    }
    loaded = createRequire(import.meta.url)(addonPath) as Native;
  }
  return loaded;
}

/** The GPUs that a driver finds. @throws Error if the library is missing or the driver does not start */
export const listDevices = (library: string): DeviceInfo[] => native().listDevices(library);

/**
 * Compiles a kernel's source with NVRTC.
 * @param architecture such as `sm_80`
 * @throws Error with the compiler's messages
 */
export function compile(args: {
  readonly library: string;
  readonly source: string;
  readonly name: string;
  readonly architecture: string;
  readonly includes: readonly string[];
}): Compiled {
  return native().compile(args.library, args.source, args.name, args.architecture, [...args.includes]);
}

/**
 * One GPU as this thread uses it: one stream, in which everything runs in the order of the calls. Addresses are numbers,
 * which other GPUs cannot use.
 * Methods throw an Error whose `code` is the driver's name of the error, such as CUDA_ERROR_LAUNCH_FAILED, and a
 * RangeError or TypeError for a wrong argument.
 */
export class Driver {
  readonly #native: NativeDevice;
  /** Records launches and copies while a profile is taken. */
  recorder: Recorder | null = null;

  /**
   * Opening a GPU again gives the same stream and memory.
   * @param args.library the path or name of the driver's library
   */
  constructor({ library, ordinal }: { readonly library: string; readonly ordinal: number }) {
    this.#native = native().open(library, ordinal);
  }

  get device(): DeviceInfo {
    return this.#native.device;
  }

  get isEmulated(): boolean {
    return this.device.name === EMULATED_DEVICE;
  }

  /** @param image a cubin; for the emulated driver the path of a shared object */
  loadModule({ image }: { readonly image: Uint8Array }): number {
    return this.#native.loadModule(image);
  }

  /** @param args.dynamicShared the most bytes of dynamic shared memory of a launch */
  findFunction(args: { readonly module: number; readonly name: string; readonly dynamicShared: number }): number {
    return this.#native.findFunction(args.module, args.name, args.dynamicShared);
  }

  /** Returns an address, a multiple of 256, or 0 if the memory does not suffice. The contents are arbitrary. */
  allocate({ bytes }: { readonly bytes: number }): number {
    return this.#native.allocate(bytes);
  }

  release({ address }: { readonly address: number }): void {
    this.#native.release(address);
  }

  /** Copies values to the device. They may change as soon as this returns. */
  upload({ address, values }: { readonly address: number; readonly values: TypedArray }): void {
    this.#native.upload(address, values);
    this.recorder?.copiedToDevice(values.byteLength);
  }

  /** Waits for the stream, then fills `values`. */
  download({ address, values }: { readonly address: number; readonly values: TypedArray }): void {
    this.#native.download(address, values);
    this.recorder?.copiedToHost(values.byteLength);
  }

  /**
   * Starts to copy memory to the host, as it is at this place in the stream. Nothing waits. Release the download when it is no
   * longer needed; it need not be done by then.
   */
  downloadLater({ address, bytes }: { readonly address: number; readonly bytes: number }): number {
    return this.#native.downloadLater(address, bytes);
  }

  /** Whether the copy is done. */
  isDownloaded({ download }: { readonly download: number }): boolean {
    return this.#native.isDownloaded(download);
  }

  /** Waits for the copy, but for nothing that was started after it, then fills `values`, of as many bytes. */
  readDownload({ download, values }: { readonly download: number; readonly values: TypedArray }): void {
    this.#native.readDownload(download, values);
  }

  releaseDownload({ download }: { readonly download: number }): void {
    this.#native.releaseDownload(download);
  }

  copy({ to, from, bytes }: { readonly to: number; readonly from: number; readonly bytes: number }): void {
    this.#native.copy(to, from, bytes);
  }

  /** Sets `count` 32-bit words. */
  fill({ address, word, count }: { readonly address: number; readonly word: number; readonly count: number }): void {
    this.#native.fill(address, word, count);
  }

  /** @param args.parameters `count` slots of 8 bytes; launch.ts packs them */
  launch(args: {
    readonly function: number;
    readonly grid: Dimensions;
    readonly block: Dimensions;
    readonly dynamicShared: number;
    readonly parameters: ArrayBuffer;
    readonly count: number;
  }): void {
    const { grid, block, dynamicShared, parameters, count } = args;
    const [gridX, gridY, gridZ] = grid;
    const [blockX, blockY, blockZ] = block;
    this.#native.launch(args.function, gridX, gridY, gridZ, blockX, blockY, blockZ, dynamicShared, parameters, count);
  }

  /** Opens cuBLASLt, which `multiply` uses. @returns its version: 10000 · major + 100 · minor + patch */
  openBlas({ library }: { readonly library: string }): number {
    return this.#native.openBlas(library);
  }

  /**
   * Starts a product with cuBLASLt: C = alpha · op(A) · op(B) [+ C] [+ bias], row-major. C and the bias are float32, and A
   * and B if they are not bfloat16.
   * @returns whether the library has an algorithm for it; if not, nothing is started
   */
  multiply(args: {
    readonly bfloat16: boolean;
    readonly transposeA: boolean;
    readonly transposeB: boolean;
    readonly accumulate: boolean;
    readonly m: number;
    readonly n: number;
    readonly k: number;
    readonly alpha: number;
    readonly a: number; // addresses
    readonly b: number;
    readonly c: number;
    readonly bias: number; // 0: none
    readonly workspace: number;
    readonly workspaceBytes: number;
  }): boolean {
    const { bfloat16, transposeA, transposeB, accumulate, m, n, k, alpha, a, b, c, bias } = args;
    const flags = [Number(bfloat16), Number(transposeA), Number(transposeB), Number(accumulate)] as const;
    return this.#native.multiply(...flags, m, n, k, alpha, a, b, c, bias, args.workspace, args.workspaceBytes);
  }

  /** Waits until the stream is done. @throws Error if a kernel failed */
  synchronize(): void {
    this.#native.synchronize();
  }

  /** Marks this place in the stream. Release the event when it is no longer needed. */
  recordEvent(): number {
    return this.#native.recordEvent();
  }

  /** Whether the stream has passed the event. */
  isDone({ event }: { readonly event: number }): boolean {
    return this.#native.isDone(event);
  }

  /** Milliseconds between two events. Waits for them. */
  elapsed({ from, to }: { readonly from: number; readonly to: number }): number {
    return this.#native.elapsed(from, to);
  }

  releaseEvent({ event }: { readonly event: number }): void {
    this.#native.releaseEvent(event);
  }

  /** Bytes of the device's memory. */
  memoryInfo(): { readonly free: number; readonly total: number } {
    return this.#native.memoryInfo();
  }
}
