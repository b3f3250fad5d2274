import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { adamStep, collectGradients, DeviceArena } from '../src/arena.js';
import type { CudaBackend } from '../src/backend.js';
import {
  backendName,
  CudaUnavailable,
  driverLibrary,
  findDevices,
  openDevice,
  registerCudaBackend,
  unavailable,
} from '../src/register.js';
import { buildEmulation } from './helpers/emulated.js';

describe('opening a GPU', () => {
  beforeAll(() => buildEmulation('softmax'));
  afterEach(() => {
    for (const name of ['DEVICES', 'ARCHITECTURE']) delete process.env[`EMULATED_CUDA_${name}`];
    delete process.env.TFJS_CUDA_DRIVER;
  });

  const library = 'emulated';

  test('says that an add-on of a newer system must be built again', () => {
    const error = new Error("/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by cuda.node)");
    expect(unavailable(error, 'libcuda.so.1').message).toMatch(
      /^the CUDA add-on was built on a newer system \(it needs GLIBC_2\.34\); build it here: node .*scripts\/build\.js$/,
    );
  });

  test.each<[string, Readonly<Record<string, string>>, () => unknown, string]>([
    [
      'no driver is installed',
      {},
      () => openDevice({ library: 'libcuda-missing.so.1' }),
      'the NVIDIA driver is missing (libcuda-missing.so.1); install it (Debian: sudo apt-get install nvidia-driver; Ubuntu: sudo ubuntu-drivers install), then check it with nvidia-smi',
    ],
    [
      'there is no GPU',
      { EMULATED_CUDA_DEVICES: '0' },
      () => openDevice({ library }),
      'the NVIDIA driver finds no GPU; check it with nvidia-smi and CUDA_VISIBLE_DEVICES',
    ],
    [
      'the number is too large',
      { EMULATED_CUDA_DEVICES: '2' },
      () => openDevice({ library, ordinal: 2 }),
      'there is no GPU 2: the driver finds 2; choose one from 0 to 1; nvidia-smi -L lists them',
    ],
    [
      'the number is too large for the only GPU',
      {},
      () => openDevice({ library, ordinal: 1 }),
      'there is no GPU 1: the driver finds one; it is number 0',
    ],
    [
      'the GPU is too old',
      { EMULATED_CUDA_ARCHITECTURE: '75' },
      () => openDevice({ library }),
      'GPU 0 (emulated on the processor, sm_75) is too old; sm_80 (Ampere) or newer is needed; choose another device',
    ],
  ])('says in one line why it fails when %s', (_, environment, open, message) => {
    Object.assign(process.env, environment);
    let thrown: unknown;
    try {
      open();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CudaUnavailable);
    expect((thrown as Error).message).toBe(message);
  });

  test('says how to build the emulated driver where it is missing', () => {
    const folder = process.env.TFJS_CUDA_EMULATION_FOLDER;
    process.env.TFJS_CUDA_EMULATION_FOLDER = 'nothing';
    try {
      expect(() => findDevices({ library })).toThrow(
        /^the emulated driver is not built; run: node \S+scripts\/build-emulation\.js$/,
      );
    } finally {
      delete process.env.TFJS_CUDA_EMULATION_FOLDER;
      if (folder !== undefined) process.env.TFJS_CUDA_EMULATION_FOLDER = folder;
    }
  });

  test('lists all GPUs, the old ones too', () => {
    process.env.EMULATED_CUDA_DEVICES = '3';
    process.env.EMULATED_CUDA_ARCHITECTURE = '75';
    expect(findDevices({ library }).map(({ major, minor }) => [major, minor])).toEqual(Array(3).fill([7, 5]));
  });

  test('each GPU has a backend, and a tensor of one can be read by a kernel of another', async () => {
    process.env.EMULATED_CUDA_DEVICES = '2';
    buildEmulation();
    for (const ordinal of [0, 1, 1]) registerCudaBackend({ library, ordinal });
    const backends: CudaBackend[] = [];
    const sums: tf.Tensor[] = [];
    for (const name of ['cuda', backendName(1)]) {
      await tf.setBackend(name);
      backends.push(tf.backend() as unknown as CudaBackend);
      sums.push(tf.add(sums.at(-1) ?? tf.tensor1d([1, 2]), 1));
    }
    expect(backends.map(({ poolBytes }) => poolBytes.inUse > 0)).toEqual([true, true]);
    expect([...sums[1]!.dataSync()]).toEqual([3, 4]);
    await tf.setBackend('cuda');
    expect([...tf.mul(sums[1]!, 2).dataSync()]).toEqual([6, 8]);
    expect(backends.map(({ statistics }) => statistics.launches)).toEqual([2, 1]);
  });

  test('an arena belongs to one GPU', async () => {
    process.env.EMULATED_CUDA_DEVICES = '2';
    const arenas: DeviceArena[] = [];
    for (const ordinal of [0, 1]) {
      registerCudaBackend({ library, ordinal });
      await tf.setBackend(backendName(ordinal));
      arenas.push(new DeviceArena(3));
      arenas[ordinal]!.write(Float32Array.of(1, 2, 2 + ordinal));
    }
    expect(await Promise.all(arenas.map((arena) => arena.squaredNorm()))).toEqual([9, 14]);
    const [first, second] = arenas as [DeviceArena, DeviceArena];
    const scalars = { beta1: 0, beta2: 0, stepSize: 1, epsilon: 1, decay: 0 };
    expect(() => adamStep(first, first, second, first, scalars)).toThrow('the arenas are on different GPUs');
    const target = { tensor: first.tensor(0, [3]), arena: first, offset: 0 };
    expect(() => collectGradients([target], () => 0)).toThrow('an arena is on another GPU');
    for (const arena of arenas) arena.dispose();
  });

  test('the environment variable names the driver unless an option does', () => {
    process.env.TFJS_CUDA_DRIVER = 'emulated';
    expect(driverLibrary()).toMatch(/emulation.*libcuda\.so\.1$/);
    expect(driverLibrary('other.so')).toBe('other.so');
    expect(openDevice().device.name).toBe('emulated on the processor');
  });
});
