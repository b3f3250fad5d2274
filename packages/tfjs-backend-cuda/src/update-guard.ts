import type { Scalar } from '@tensorflow/tfjs-core';
import type { DeviceArena } from './arena.js';
import type { CudaBackend } from './backend.js';
import { type GradientScaling, gradientFactor, scale, squaredNorm } from './host/arena.js';
import { bytesOf, isDeviceType } from './tensor-data.js';
import { waitUntil } from './waiting.js';

/** A slot of a record on the device: a float64, or a value of fewer bytes. */
const SLOT_BYTES = 8;

/** The slots of a record: Σ g² (float64), the factor of the gradient (float32), then the scalars. */
const SQUARED_NORM = 0;
const FACTOR = 1;
const FIRST_SCALAR = 2;

/** Figures of an update, on the host. */
export interface Figures {
  /** Σ g² before scaling. */
  readonly squaredNorm: number;
  readonly losses: readonly number[];
  readonly others: readonly number[];
}

/** The scalars of an update that the host reads. */
export interface UpdateScalars {
  /** The update is applied only if all are finite; float32. */
  readonly losses: readonly Scalar[];
  readonly others: readonly Scalar[];
}

/**
 * Guards a sequence of updates that are started before the host knows whether the previous ones were finite. Kernels that get the
 * guard (`DeviceArena.scale`, `adamStep`, `movingAverage`) change nothing in an update with a loss or gradient that is
 * not finite, nor in any later one. Dispose it.
 */
export class UpdateGuard {
  readonly #backend: CudaBackend;
  readonly #flag; // int32, 1 once something was not finite

  constructor(gradients: Pick<DeviceArena, 'backend'>) {
    this.#backend = gradients.backend;
    this.#flag = this.#backend.takeMemory(4);
    this.#backend.driver.fill({ address: this.#flag.address, word: 0, count: 1 });
  }

  /** The address of an int32 that is not 0 if kernels must not change anything. */
  get address(): number {
    return this.#flag.address;
  }

  /**
   * Divides a gradient by the samples and limits its norm. The scalars may be disposed afterwards.
   * @returns figures that arrive as soon as the GPU has computed them
   */
  scaleGradient(gradients: DeviceArena, { losses, others }: UpdateScalars, scaling: GradientScaling): LateFigures {
    const [backend, scalars] = [this.#backend, [...losses, ...others]];
    const bytes = SLOT_BYTES * (FIRST_SCALAR + scalars.length);
    const record = backend.takeMemory(bytes);
    const slot = (index: number): number => record.address + SLOT_BYTES * index;
    try {
      for (const [index, scalar] of scalars.entries()) copyScalar(backend, scalar, slot(FIRST_SCALAR + index));
      const [x, size] = [gradients.address, gradients.size];
      const [total, factor, notFinite] = [slot(SQUARED_NORM), slot(FACTOR), this.address];
      squaredNorm(backend, { x, size, total });
      const tested = { losses: slot(FIRST_SCALAR), stride: SLOT_BYTES / 4, count: losses.length };
      gradientFactor(backend, { squaredNorm: total, ...tested, ...scaling, factor, notFinite });
      const download = backend.driver.downloadLater({ address: record.address, bytes });
      const figures = new LateFigures(backend, download, bytes, scalars, losses.length);
      gradients.changed();
      scale(backend, { x, size, factor: 1, by: factor, notFinite });
      return figures;
    } finally {
      backend.endKernel(); // gives back copies of scalars that are stored as bfloat16
      backend.giveMemory(record);
    }
  }

  dispose(): void {
    this.#backend.giveMemory(this.#flag);
  }
}

function copyScalar(backend: CudaBackend, scalar: Scalar, to: number): void {
  const { dtype, size } = scalar;
  if (size !== 1 || !isDeviceType(dtype)) throw new TypeError(`a ${dtype} tensor of ${size} elements is not a number`);
  backend.driver.copy({ to, from: backend.address(scalar), bytes: bytesOf(1, dtype, 'float32') });
}

/** Figures that the stream copies to the host when it gets there. Read or discard them. */
export class LateFigures {
  readonly #types: readonly string[];
  #download: number | null;

  constructor(
    readonly backend: CudaBackend,
    download: number,
    readonly bytes: number,
    scalars: readonly Scalar[],
    readonly losses: number, // how many of the scalars are losses
  ) {
    this.#download = download;
    this.#types = scalars.map(({ dtype }) => dtype);
  }

  /** Whether `read` need not wait. */
  get isReady(): boolean {
    return this.backend.driver.isDownloaded({ download: this.#pending });
  }

  /** Waits for the figures, but for nothing that was started after them. To be called once. */
  async read(): Promise<Figures> {
    const download = this.#pending;
    try {
      await waitUntil(() => this.isReady);
      const record = new Uint8Array(this.bytes);
      this.backend.driver.readDownload({ download, values: record });
      return this.#figures(record.buffer);
    } finally {
      this.discard();
    }
  }

  /** Gives the figures up, read or not. */
  discard(): void {
    if (this.#download !== null) this.backend.driver.releaseDownload({ download: this.#download });
    this.#download = null;
  }

  get #pending(): number {
    if (this.#download === null) throw new Error('the figures are read or discarded already');
    return this.#download;
  }

  #figures(record: ArrayBuffer): Figures {
    const scalars = this.#types.map((type, index) => {
      const at = SLOT_BYTES * (FIRST_SCALAR + index);
      if (type === 'bool') return new Uint8Array(record, at, 1)[0]!;
      return (type === 'int32' ? new Int32Array(record, at, 1) : new Float32Array(record, at, 1))[0]!;
    });
    const squaredNorm = new Float64Array(record, SLOT_BYTES * SQUARED_NORM, 1)[0]!;
    return { squaredNorm, losses: scalars.slice(0, this.losses), others: scalars.slice(this.losses) };
  }
}
