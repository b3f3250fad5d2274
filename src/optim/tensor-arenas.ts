import { InternalError } from '../errors.js';
import type { DeviceArenas } from '../ops/device-arenas.js';
import { type OpenedDevice, openedDevice } from '../ops/opened-device.js';
import * as tf from '../tf/index.js';
import { ArenaCopies, type ArenaCopy } from './arena-copies.js';
import { type ArenaKernels, portableArenaKernels } from './arena-kernels.js';

/** Creates a device that keeps arenas as tensors, and makes it current. Its backend must be registered. */
export function tensorArenaDevice(backend: string): OpenedDevice & { readonly arenaKernels: ArenaKernels } {
  const arenas = new TensorArenas();
  return { ...openedDevice(backend, null, () => {}, arenas), arenaKernels: arenas.kernels };
}

interface TensorCopy extends ArenaCopy {
  /** float32 [size]; null: all zeros. */
  tensor: tf.Tensor1D | null;
}

/**
 * Arenas as tensors of any tfjs backend: one tensor per arena. Norm, clipping and Adam are tensor operations, so weights
 * and gradients stay on the device.
 */
export class TensorArenas extends ArenaCopies<TensorCopy> implements DeviceArenas {
  /** The kernels on these arenas; `squaredNorm` alone is for arrays of the host. */
  get kernels(): ArenaKernels {
    return {
      squaredNorm: portableArenaKernels.squaredNorm,
      scale: (x, factor) => this.#compute(x, (values) => tf.mul(values, factor)),
      addTensors: (sums, xs) => this.#add(sums, xs),
      collectGradients: (targets, differentiate, { overwrite }) => {
        if (overwrite) for (const { gradient } of targets) this.#clear(gradient);
        return differentiate();
      },
      adamStep: (values, gradients, firstMoment, secondMoment, { beta1, beta2, epsilon, stepSize, decay }) => {
        const gradient = this.#tensor(gradients);
        this.#compute(firstMoment, (m) => tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1)));
        this.#compute(secondMoment, (v) => tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
        const [m, v] = [this.#tensor(firstMoment), this.#tensor(secondMoment)];
        this.#compute(values, (p) => {
          const step = tf.div(tf.mul(m, stepSize), tf.add(tf.sqrt(v), epsilon));
          return tf.sub(tf.sub(p, tf.mul(p, decay)), step);
        });
      },
    };
  }

  tensor(part: Float32Array, shape: readonly number[]): tf.Tensor {
    // A model that only translates needs no copy of the whole arena.
    if (!this.copies.has(part.buffer)) return tf.tensor(part, [...shape], 'float32');
    return tf.tidy(() => tf.reshape(this.#part(part), [...shape]));
  }

  async squaredNorm(part: Float32Array): Promise<number> {
    const sum = tf.tidy(() => tf.sum(tf.square(this.#part(part))));
    try {
      return (await sum.data())[0]!;
    } finally {
      sum.dispose();
    }
  }

  protected async download({ tensor }: TensorCopy, host: Float32Array): Promise<void> {
    if (tensor === null) host.fill(0);
    else host.set(await tensor.data<'float32'>());
  }

  /** The arena is copied again when it is needed. */
  protected replace(_copy: TensorCopy, host: Float32Array): void {
    this.release([host]);
  }

  protected dispose({ tensor }: TensorCopy): void {
    tensor?.dispose();
  }

  #part(part: Float32Array): tf.Tensor1D {
    const whole = this.#tensor(part);
    return part.length === whole.size ? whole : tf.slice(whole, part.byteOffset / 4, part.length);
  }

  /** The whole arena of a part, copied from the host at the first use. */
  #tensor({ buffer }: Float32Array): tf.Tensor1D {
    const known = this.copies.get(buffer);
    const copy = known ?? { tensor: null, isNewer: false };
    if (known === undefined) {
      copy.tensor = tf.keep(tf.tensor1d(new Float32Array(buffer)));
      this.copies.set(buffer, copy);
    }
    copy.tensor ??= tf.keep(tf.zeros<tf.Rank.R1>([buffer.byteLength / 4]));
    return copy.tensor;
  }

  #compute(arena: Float32Array, compute: (values: tf.Tensor1D) => tf.Tensor): void {
    if (arena.byteLength !== arena.buffer.byteLength) throw new InternalError('a kernel changes part of an arena');
    const before = this.#tensor(arena);
    const tensor = tf.keep(tf.tidy(() => compute(before))) as tf.Tensor1D;
    before.dispose();
    this.copies.set(arena.buffer, { tensor, isNewer: true });
  }

  #clear(part: Float32Array): void {
    this.copies.get(part.buffer)?.tensor?.dispose();
    this.copies.set(part.buffer, { tensor: null, isNewer: true });
  }

  /** Adds tensors to parts of one arena: they are joined, with zeros between them, and added once. */
  #add(sums: readonly Float32Array[], xs: readonly tf.Tensor[]): void {
    if (sums.length === 0) return;
    const { buffer } = sums[0]!;
    const ordered = sums.map((sum, index) => ({ sum, x: xs[index]! }));
    ordered.sort((a, b) => a.sum.byteOffset - b.sum.byteOffset);
    const joined = tf.tidy(() => {
      const pieces: tf.Tensor1D[] = [];
      let end = 0; // in elements
      const fillUpTo = (start: number): void => {
        if (start > end) pieces.push(tf.zeros<tf.Rank.R1>([start - end]));
      };
      for (const { sum, x } of ordered) {
        fillUpTo(sum.byteOffset / 4);
        pieces.push(tf.reshape(x, [x.size]));
        end = sum.byteOffset / 4 + sum.length;
      }
      fillUpTo(buffer.byteLength / 4);
      return tf.keep(tf.concat(pieces));
    });
    const arena = new Float32Array(buffer);
    if (this.copies.get(buffer)?.tensor !== null) {
      this.#compute(arena, (before) => tf.add(before, joined));
      joined.dispose();
    } else {
      this.copies.set(buffer, { tensor: joined, isNewer: true });
    }
  }
}
