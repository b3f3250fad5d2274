import { UserError } from '../errors.js';
import * as tf from '../tf/index.js';
import { devices, openQuietly } from './index.js';

/** What a device of this machine can do. */
export interface SurveyedDevice {
  readonly name: string; // the value of --device
  /** What it says about itself; null if it does not work. */
  readonly description: Readonly<Record<string, string | number>> | null;
  /** The rate of float32 matrix products, floating-point operations per second; null if it does not work. */
  readonly flops: number | null;
  /** Why it does not work, and what makes it work. */
  readonly problem: { readonly what: string; readonly remedy: string } | null;
}

/** A product of matrices takes at least so long, in milliseconds, unless it is the largest. */
const LEAST_TIME = 30;
const SMALLEST_SIZE = 64;
const LARGEST_SIZE = 4096;
const REPETITIONS = 3;

/** Opens every device and measures it for a moment. @param report called with each device as soon as it is known */
export async function surveyDevices(report: (device: SurveyedDevice) => void): Promise<void> {
  for (const name of await namesOfDevices()) report(await survey(name));
}

/** The values of --device; with several GPUs, `cuda` is followed by `cuda:1`, `cuda:2` … */
async function namesOfDevices(): Promise<string[]> {
  const { findDevices } = await import('tfjs-backend-cuda');
  let gpus = 0;
  try {
    gpus = findDevices().length;
  } catch {} // opening the device reports the reason
  const others = Array.from({ length: Math.max(0, gpus - 1) }, (_, index) => `cuda:${index + 1}`);
  return devices.names().flatMap((name) => (name === 'cuda' ? [name, ...others] : [name]));
}

async function survey(name: string): Promise<SurveyedDevice> {
  try {
    const { description } = await openQuietly(name, { threads: null });
    const { device: _, ...details } = description;
    return { name, description: details, flops: await measureFlops(), problem: null };
  } catch (error) {
    return { name, description: null, flops: null, problem: problemOf(error) };
  }
}

/** Why a device does not work. One that is broken does not keep the others from the list. */
function problemOf(error: unknown): SurveyedDevice['problem'] {
  if (!(error instanceof UserError)) {
    return {
      what: String(error).split('\n')[0]!,
      remedy: 'install its packages again, and report it if that does not help',
    };
  }
  const what = error.problem.replace(/^--device \S+: /, '');
  const remedy = error.remedy.replace(/, or use --device .*$/, '');
  return { what, remedy };
}

/** The rate of products of square matrices on the current device, of a size that takes a while. */
async function measureFlops(): Promise<number> {
  for (let size = SMALLEST_SIZE; ; size *= 2) {
    const milliseconds = await timeOfProduct(size);
    if (milliseconds >= LEAST_TIME || size === LARGEST_SIZE) return (2 * size ** 3) / (milliseconds / 1000);
  }
}

/** The shortest of a few products of two [size, size] matrices, in milliseconds. */
async function timeOfProduct(size: number): Promise<number> {
  const matrix = tf.fill([size, size], 1 / size) as tf.Tensor2D;
  try {
    const times: number[] = [];
    for (let repetition = 0; repetition <= REPETITIONS; repetition++) {
      const start = performance.now();
      const corner = tf.tidy(() => tf.slice(tf.matMul(matrix, matrix), [0, 0], [1, 1]));
      await corner.data(); // waits for the device
      times.push(performance.now() - start);
      corner.dispose();
    }
    return Math.min(...times.slice(1)); // the first one may compile kernels
  } finally {
    matrix.dispose();
  }
}
