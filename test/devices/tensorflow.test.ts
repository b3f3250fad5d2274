import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { type LoadPackage, openTensorFlow, openTensorFlowOnGpu } from '../../src/devices/optional.js';
import { UserError } from '../../src/errors.js';

const CPU_PACKAGE = '@tensorflow/tfjs-node';
const GPU_PACKAGE = '@tensorflow/tfjs-node-gpu';

afterEach(async () => {
  await tf.setBackend('cpu');
  if (tf.findBackendFactory('tensorflow') != null) tf.removeBackend('tensorflow');
});

/** Imports the given packages; others are not installed. Loading one registers the backend. */
const installed =
  (packages: Readonly<Record<string, { readonly usesGpu: boolean } | Error>>): LoadPackage =>
  async (name) => {
    const found = packages[name];
    if (found === undefined) return false;
    if (found instanceof Error) throw found;
    const plain = tf.findBackend('cpu') as object;
    tf.registerBackend('tensorflow', () => Object.assign(Object.create(plain), { isUsingGpuDevice: found.usesGpu }));
    return true;
  };

describe('--device tensorflow', () => {
  it.each([
    [{ [CPU_PACKAGE]: { usesGpu: false } }, { package: CPU_PACKAGE, on: 'processor' }],
    [{ [GPU_PACKAGE]: { usesGpu: true } }, { package: GPU_PACKAGE, on: 'GPU' }],
    [{ [GPU_PACKAGE]: { usesGpu: false } }, { package: GPU_PACKAGE, on: 'processor' }],
    [
      { [CPU_PACKAGE]: { usesGpu: false }, [GPU_PACKAGE]: { usesGpu: true } },
      { package: GPU_PACKAGE, on: 'GPU' },
    ],
  ])('with %j says what computes', async (packages, details) => {
    const device = await openTensorFlow(installed(packages));
    expect(device.description).toEqual({ device: 'tensorflow', ...details });
    expect(tf.getBackend()).toBe('tensorflow');
    expect(device.arenas).not.toBeNull();
  });

  it.each<[string, Parameters<typeof installed>[0], string]>([
    ['if none is installed', {}, `neither ${GPU_PACKAGE} nor ${CPU_PACKAGE} is installed`],
    [
      'if one does not load',
      { [CPU_PACKAGE]: new Error('The Node.js native addon module can not be found at path.\nMore.') },
      `${CPU_PACKAGE} cannot be loaded (The Node.js native addon module can not be found at path)`,
    ],
  ])('%s says so, and how to install it', async (_, packages, problem) => {
    await expect(openTensorFlow(installed(packages))).rejects.toThrow(
      `--device tensorflow: ${problem}; bash scripts/install-tensorflow.sh, or use --device cpu`,
    );
  });
});

describe('--device cuda without the needs of tfjs-backend-cuda', () => {
  const otherwise = new UserError('--device cuda: the NVIDIA driver is missing', 'install it, or use --device cpu');

  it('computes with @tensorflow/tfjs-node-gpu on the GPU', async () => {
    const { description } = await openTensorFlowOnGpu(otherwise, installed({ [GPU_PACKAGE]: { usesGpu: true } }));
    expect(description).toEqual({ device: 'cuda', package: GPU_PACKAGE, on: 'GPU' });
  });

  it.each<[string, Parameters<typeof installed>[0], string]>([
    ['nor that package', { [CPU_PACKAGE]: { usesGpu: false } }, 'the NVIDIA driver is missing; install it'],
    [
      'and without a GPU for that package',
      { [GPU_PACKAGE]: { usesGpu: false } },
      `the NVIDIA driver is missing, and ${GPU_PACKAGE} finds no GPU that it can use; install it`,
    ],
  ])('%s ends; it never computes on the processor', async (_, packages, problem) => {
    await expect(openTensorFlowOnGpu(otherwise, installed(packages))).rejects.toThrow(`--device cuda: ${problem}`);
  });
});
