import type { Tensor } from '@tensorflow/tfjs-core';
import type { CudaBackend } from './backend.js';
import { engine } from './core.js';
import { current } from './current-backend.js';
import {
  type AdamScalars,
  accumulate,
  adamStep as adamStepOn,
  bfloat16Copy,
  movingAverage as movingAverageOn,
  scale,
  squaredNorm,
} from './host/arena.js';
import type { Block } from './slab.js';

/** Kernels that get it change nothing if an int32 on the device is not 0: see UpdateGuard. */
interface Guard {
  readonly address: number;
}

/** A flat array of float32 in the memory of the GPU, e.g. all weights of a model or all their gradients. */
export class DeviceArena {
  readonly #backend = current();
  readonly #block: Block;
  /** The values rounded to bfloat16, from the first use on. */
  #bfloat16: Block | null = null;
  #isRounded = false; // whether #bfloat16 follows the last change

  /** Takes memory with arbitrary contents on the current backend's GPU. @throws OutOfDeviceMemory */
  constructor(readonly size: number) {
    this.#block = this.#backend.takeMemory(4 * size);
  }

  get address(): number {
    return this.#block.address;
  }

  /** The backend of the GPU that has the memory. */
  get backend(): CudaBackend {
    return this.#backend;
  }

  /** Called when a kernel is about to change the values. */
  changed(): void {
    this.#isRounded = false;
  }

  /** The address of the values rounded to bfloat16, a copy that is made after every change. @throws OutOfDeviceMemory */
  bfloat16Address(): number {
    this.#bfloat16 ??= this.#backend.takeMemory(2 * this.size);
    const { address } = this.#bfloat16;
    if (!this.#isRounded) bfloat16Copy(this.#backend, { x: this.address, y: address, size: this.size });
    this.#isRounded = true;
    return address;
  }

  /** Copies values from the host. @param values [size] */
  write(values: Float32Array): void {
    this.#checkPart(0, values.length);
    this.changed();
    if (values.length > 0) this.#backend.driver.upload({ address: this.address, values });
  }

  /** Copies the values to the host as soon as the GPU has computed them. @param values [size] */
  async read(values: Float32Array): Promise<void> {
    this.#checkPart(0, values.length);
    await this.#backend.computed();
    if (values.length > 0) this.#backend.driver.download({ address: this.address, values });
  }

  /** A part as a tensor that shares its memory: it shows later changes, but must not outlive the arena. */
  tensor(offset: number, shape: readonly number[]): Tensor {
    const size = shape.reduce((product, axis) => product * axis, 1);
    this.#checkPart(offset, size);
    const part = { address: this.address + 4 * offset, bfloat16Address: () => this.bfloat16Address() + 2 * offset };
    const dataId = this.#backend.inArena(part, size);
    return engine().makeTensorFromDataId(dataId, [...shape], 'float32', this.#backend) as Tensor;
  }

  /** Σ x² over a part, summed in float64 in a fixed order. */
  async squaredNorm(offset = 0, size = this.size - offset): Promise<number> {
    this.#checkPart(offset, size);
    const total = this.#backend.takeMemory(8);
    try {
      squaredNorm(this.#backend, { x: this.address + 4 * offset, size, total: total.address });
      await this.#backend.computed();
      const bytes = new Uint8Array(8);
      this.#backend.driver.download({ address: total.address, values: bytes });
      return new Float64Array(bytes.buffer)[0]!;
    } finally {
      this.#backend.giveMemory(total);
    }
  }

  /** x ← factor · x */
  scale(factor: number, guard: Guard | null = null): void {
    this.changed();
    scale(this.#backend, { x: this.address, size: this.size, factor, notFinite: guard?.address });
  }

  /** Adds a tensor to a part of its size. */
  add(offset: number, x: Tensor): void {
    this.#checkPart(offset, x.size);
    if (this.#backend.isZeros(x)) return;
    this.changed();
    accumulate(this.#backend, { sum: this.address + 4 * offset, x: this.#backend.address(x), size: x.size });
    this.#backend.endKernel();
  }

  dispose(): void {
    this.#backend.giveMemory(this.#block);
    if (this.#bfloat16 !== null) this.#backend.giveMemory(this.#bfloat16);
    this.#bfloat16 = null;
  }

  #checkPart(offset: number, size: number): void {
    if (offset < 0 || offset + size > this.size) {
      throw new RangeError(`elements ${offset} to ${offset + size} of an arena of ${this.size}`);
    }
  }
}

/** A parameter and the part of an arena that its gradient is added to. */
export interface ArenaTarget {
  readonly tensor: Tensor; // the parameter
  readonly arena: DeviceArena;
  readonly offset: number; // elements
}

/**
 * Runs a forward and a backward pass in which kernels may add the gradients of parameters directly to arenas. The tensor
 * that tfjs gets for such a gradient is zeros. A gradient kernel adds directly for the inputs that its attribute
 * `collected` names (input name → id of the target's tensor).
 * @param overwrite treats the contents of the targets as 0
 */
export function collectGradients<T>(
  targets: readonly ArenaTarget[],
  differentiate: () => T,
  { overwrite = false }: { readonly overwrite?: boolean } = {},
): T {
  const backend = current();
  if (targets.some(({ arena }) => arena.backend !== backend)) throw new Error('an arena is on another GPU');
  for (const { arena } of targets) arena.changed();
  const places = new Map(
    targets.map(({ tensor, arena, offset }) => [tensor.id, { address: arena.address + 4 * offset, size: tensor.size }]),
  );
  return backend.collectGradients(places, overwrite, differentiate);
}

/**
 *   m ← β1·m + (1−β1)·g,  v ← β2·v + (1−β2)·g²
 *   p ← p − decay·p,      p ← p − stepSize · m / (√v + ε)
 */
export function adamStep(
  values: DeviceArena, // p
  gradients: DeviceArena, // g
  firstMoment: DeviceArena, // m
  secondMoment: DeviceArena, // v
  scalars: AdamScalars,
  guard: Guard | null = null,
): void {
  const { backend } = values;
  checkTogether(values, gradients, firstMoment, secondMoment);
  for (const arena of [values, firstMoment, secondMoment]) arena.changed();
  adamStepOn(backend, {
    values: values.address,
    gradients: gradients.address,
    firstMoment: firstMoment.address,
    secondMoment: secondMoment.address,
    size: values.size,
    notFinite: guard?.address,
    ...scalars,
  });
}

/** average ← decay · average + (1 − decay) · x, in float64 */
export function movingAverage(average: DeviceArena, x: DeviceArena, decay: number, guard: Guard | null = null): void {
  checkTogether(average, x);
  average.changed();
  const { size } = x;
  const addresses = { average: average.address, x: x.address };
  movingAverageOn(average.backend, { ...addresses, size, decay, notFinite: guard?.address });
}

/** @throws Error unless arenas have one size and are on one GPU */
function checkTogether(...arenas: readonly DeviceArena[]): void {
  const sizes = arenas.map(({ size }) => size);
  if (new Set(sizes).size > 1) throw new RangeError(`arenas have different sizes: ${sizes.join(', ')}`);
  if (new Set(arenas.map(({ backend }) => backend)).size > 1) throw new Error('the arenas are on different GPUs');
}
