import type { CudaBackend, DeviceInfo } from 'tfjs-backend-cuda';
import { UserError } from '../errors.js';
import { openedDevice } from '../ops/opened-device.js';
import type { SearchEngine } from '../ops/search-engine.js';
import * as tf from '../tf/index.js';
import { CudaArenas } from './cuda-arenas.js';
import type { Device, DeviceDefinition, DeviceOptions } from './device.js';
import { openTensorFlowOnGpu } from './optional.js';

/** The name of tfjs-backend-cuda's backend. */
const BACKEND = 'cuda';

/**
 * An NVIDIA GPU through tfjs-backend-cuda, or through @tensorflow/tfjs-node-gpu if the former cannot be used and the latter
 * is installed. It never computes on the processor instead.
 */
export const cuda: DeviceDefinition = {
  name: 'cuda',
  async open({ bfloat16 = false, ordinal = 0 }: DeviceOptions): Promise<Device> {
    const native = await import('tfjs-backend-cuda');
    const info = register(native, ordinal);
    if (info instanceof UserError) return openTensorFlowOnGpu(info);
    await tf.setBackend(BACKEND);
    await tf.ready();
    const backend = tf.findBackend(BACKEND) as unknown as CudaBackend;
    const arenas = new CudaArenas(native);
    const precision = bfloat16 ? 'bfloat16' : 'float32';
    const useSettings = (): void => {
      backend.precision = precision;
    };
    const searchEngine: SearchEngine = {
      pack: (sizes, weights) => native.packTransformer(sizes, weights, precision),
      release() {}, // the host's memory stays as it is
    };
    return {
      name: 'cuda',
      description: {
        device: 'cuda',
        GPU: info.name,
        architecture: `sm_${info.major}${info.minor}`,
        driver: info.driverVersion,
        ...(bfloat16 ? { products: 'bfloat16' } : {}),
      },
      arenaKernels: arenas.kernels,
      ...openedDevice(BACKEND, searchEngine, useSettings, arenas),
    };
  },
};

/** @returns an error that says what is missing and how to get it, if no GPU can be used */
function register(native: typeof import('tfjs-backend-cuda'), ordinal: number): DeviceInfo | UserError {
  try {
    return native.registerCudaBackend({ ordinal });
  } catch (error) {
    if (!(error instanceof native.CudaUnavailable)) throw error;
    return new UserError(`--device cuda: ${error.problem}`, `${error.remedy}, or use --device cpu`, { cause: error });
  }
}
