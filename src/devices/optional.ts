import { createRequire } from 'node:module';
import { UserError } from '../errors.js';
import { tensorArenaDevice } from '../optim/tensor-arenas.js';
import * as tf from '../tf/index.js';
import type { Device, DeviceDefinition } from './device.js';
import { registerTensorFlowKernels, type TensorFlowBackend } from './tensorflow-kernels.js';

/** The tfjs backend that both packages register. */
const BACKEND = 'tensorflow';
const PACKAGE = '@tensorflow/tfjs-node';
const GPU_PACKAGE = '@tensorflow/tfjs-node-gpu';

/** Imports a package and returns whether it is installed. @throws what the import throws if it is installed but does not load */
export type LoadPackage = (name: string) => Promise<boolean>;

const require = createRequire(import.meta.url);

const load: LoadPackage = async (name) => {
  try {
    require.resolve(name);
  } catch {
    return false;
  }
  await import(name);
  return true;
};

/** libtensorflow through one of its two packages, neither of which is a dependency. */
export const tensorflow: DeviceDefinition = {
  name: 'tensorflow',
  open: () => openTensorFlow(load),
};

/** @throws UserError if neither package is installed, or one does not load */
export async function openTensorFlow(loadPackage: LoadPackage): Promise<Device> {
  const remedy = 'bash scripts/install-tensorflow.sh, or use --device cpu';
  const found = (await isLoaded('tensorflow', GPU_PACKAGE, loadPackage, remedy))
    ? GPU_PACKAGE
    : (await isLoaded('tensorflow', PACKAGE, loadPackage, remedy))
      ? PACKAGE
      : null;
  if (found === null) {
    throw new UserError(`--device tensorflow: neither ${GPU_PACKAGE} nor ${PACKAGE} is installed`, remedy);
  }
  const usesGpu = await start('tensorflow', remedy);
  return describe('tensorflow', { package: found, on: usesGpu ? 'GPU' : 'processor' });
}

/**
 * `--device cuda` through @tensorflow/tfjs-node-gpu.
 * @param otherwise why tfjs-backend-cuda cannot be used: thrown if the package is not installed
 * @throws UserError also if it finds no GPU
 */
export async function openTensorFlowOnGpu(otherwise: UserError, loadPackage: LoadPackage = load): Promise<Device> {
  if (!(await isLoaded('cuda', GPU_PACKAGE, loadPackage, otherwise.remedy))) throw otherwise;
  if (!(await start('cuda', otherwise.remedy))) {
    throw new UserError(`${otherwise.problem}, and ${GPU_PACKAGE} finds no GPU that it can use`, otherwise.remedy);
  }
  return describe('cuda', { package: GPU_PACKAGE, on: 'GPU' });
}

/** Loads a package. @returns whether it is installed */
async function isLoaded(device: string, name: string, loadPackage: LoadPackage, remedy: string): Promise<boolean> {
  try {
    return await loadPackage(name);
  } catch (cause) {
    const { message = String(cause) } = cause as { message?: string };
    const reason = message.trim().split('\n')[0]!.replace(/\.$/, '');
    throw new UserError(`--device ${device}: ${name} cannot be loaded (${reason})`, remedy, { cause });
  }
}

/** Makes the backend the current one. @returns whether it computes on a GPU */
async function start(device: string, remedy: string): Promise<boolean> {
  if (!(await tf.setBackend(BACKEND))) {
    throw new UserError(`--device ${device}: the backend '${BACKEND}' did not start`, remedy);
  }
  await tf.ready();
  registerTensorFlowKernels();
  return (tf.findBackend(BACKEND) as TensorFlowBackend).isUsingGpuDevice;
}

const describe = (name: string, details: Readonly<Record<string, string>>): Device => ({
  name,
  description: { device: name, ...details },
  ...tensorArenaDevice(BACKEND),
});
