import type { Dimensions, Driver } from './driver.js';

/** A value that a kernel gets. */
export interface Parameter {
  readonly kind: 'pointer' | 'int' | 'float' | 'double';
  readonly value: number;
}

/** An address on the device, or an integer of 8 bytes from 0 to 2^53 - 1. */
export const pointer = (value: number): Parameter => ({ kind: 'pointer', value });

/** An `int` or `unsigned`, from -2^31 to 2^32 - 1. */
export const int = (value: number): Parameter => ({ kind: 'int', value });

/** A `float`. */
export const float = (value: number): Parameter => ({ kind: 'float', value });

/** A `double`. */
export const double = (value: number): Parameter => ({ kind: 'double', value });

/** A kernel of a module. */
export interface Kernel {
  readonly name: string;
  readonly function: number;
}

/** How many blocks, and threads in each; axes that are left out are 1. */
export interface LaunchShape {
  readonly grid: Dimensions | number;
  readonly block: Dimensions | number;
  /** Bytes for each block. */
  readonly dynamicShared?: number;
  /** Floating-point operations of matrix products, for profiles. */
  readonly flops?: number;
}

const MOST_PARAMETERS = 64;
const SLOT_BYTES = 8;
const WORD = 2 ** 32;

const dimensions = (size: Dimensions | number): Dimensions => (typeof size === 'number' ? [size, 1, 1] : size);

/** Starts kernels. The parameters of every launch are packed into the same memory, which the driver reads at once. */
export class Launcher {
  readonly #driver: Driver;
  readonly #parameters = new ArrayBuffer(MOST_PARAMETERS * SLOT_BYTES);
  readonly #words = new Uint32Array(this.#parameters);
  readonly #integers = new Int32Array(this.#parameters);
  readonly #floats = new Float32Array(this.#parameters);
  readonly #doubles = new Float64Array(this.#parameters);
  #launches = 0;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** The number of launches so far. */
  get launches(): number {
    return this.#launches;
  }

  /**
   * @throws RangeError for a parameter out of range, a wrong number of parameters (if the driver tells it), too many
   * threads or too much shared memory
   */
  launch(kernel: Kernel, shape: LaunchShape, parameters: readonly Parameter[]): void {
    const count = parameters.length;
    if (count > MOST_PARAMETERS)
      throw new RangeError(`${kernel.name}: ${count} parameters, more than ${MOST_PARAMETERS}`);
    for (let slot = 0; slot < count; slot++) this.#pack(kernel, slot, parameters[slot]!);
    this.#launches += 1;
    const { recorder } = this.#driver;
    if (recorder === null) this.#start(kernel, shape, count);
    else recorder.launched(kernel.name, shape.flops ?? 0, () => this.#start(kernel, shape, count));
  }

  #start(kernel: Kernel, { grid, block, dynamicShared = 0 }: LaunchShape, count: number): void {
    this.#driver.launch({
      function: kernel.function,
      grid: dimensions(grid),
      block: dimensions(block),
      dynamicShared,
      parameters: this.#parameters,
      count,
    });
  }

  /** Little-endian, as all processors with a CUDA driver. */
  #pack(kernel: Kernel, slot: number, { kind, value }: Parameter): void {
    const word = 2 * slot;
    if (kind === 'float' || kind === 'double') {
      if (kind === 'float') this.#floats[word] = value;
      else this.#doubles[slot] = value;
      return;
    }
    const [least, most] = kind === 'int' ? [-WORD / 2, WORD - 1] : [0, Number.MAX_SAFE_INTEGER];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(
        `${kernel.name}: parameter ${slot} must be a whole number from ${least} to ${most}, not ${value}`,
      );
    }
    if (kind === 'int') {
      this.#integers[word] = value; // modulo 2^32
    } else {
      this.#words[word] = value % WORD;
      this.#words[word + 1] = Math.floor(value / WORD);
    }
  }
}
