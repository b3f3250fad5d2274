import type { CudaBackend, DeviceInfo } from 'tfjs-backend-cuda';
import { UserError } from '../errors.js';
import { openedDevice } from '../ops/opened-device.js';
import type { SearchEngine } from '../ops/search-engine.js';
import * as tf from '../tf/index.js';
import { CudaArenas } from './cuda-arenas.js';
import type { Device, DeviceDefinition, DeviceOptions } from './device.js';
import { openTensorFlowOnGpu } from './optional.js';

/**
 * An NVIDIA GPU through tfjs-backend-cuda, which has a backend for each, or through @tensorflow/tfjs-node-gpu if the
 * former cannot be used and the latter is installed. It never computes on the processor instead.
 */
export const cuda: DeviceDefinition = {
  name: 'cuda',
  async open({ bfloat16 = false, localRank = 0, ordinal: requested }: DeviceOptions): Promise<Device> {
    const native = await import('tfjs-backend-cuda');
    const ordinal = requested ?? ordinalOf(native, localRank);
    const info = register(native, ordinal);
    if (info instanceof UserError) return openTensorFlowOnGpu(info);
    const name = native.backendName(ordinal);
    await tf.setBackend(name);
    await tf.ready();
    const backend = tf.findBackend(name) as unknown as CudaBackend;
    const arenas = new CudaArenas(native);
    const precision = bfloat16 ? 'bfloat16' : 'float32';
    const useSettings = (): void => {
      backend.precision = precision;
    };
    const searchEngine: SearchEngine = {
      supports: ({ embed, encoder, decoder }) => embed / Math.min(encoder.heads, decoder.heads) <= backend.largestHead,
      pack: (sizes, weights) => native.packTransformer(sizes, weights, precision),
      release() {}, // the host's memory stays as it is
    };
    return {
      name: 'cuda',
      description: {
        device: name,
        GPU: info.name,
        architecture: `sm_${info.major}${info.minor}`,
        driver: info.driverVersion,
        ...productsOf(bfloat16 ? 'bfloat16' : 'float32', backend.blas?.version),
      },
      arenaKernels: arenas.kernels,
      profiler: { start: () => backend.startProfile(), end: () => backend.endProfile() },
      ...openedDevice(name, searchEngine, useSettings, arenas, () => backend.poolBytes.mostInUse),
    };
  },
};

/** The GPU of a process: they are dealt out in turn. */
function ordinalOf(native: typeof import('tfjs-backend-cuda'), localRank: number): number {
  if (localRank === 0) return 0;
  try {
    return localRank % Math.max(1, native.findDevices().length);
  } catch (error) {
    if (error instanceof native.CudaUnavailable) return 0; // opening GPU 0 explains it
    throw error;
  }
}

/** How products are computed, unless in float32 by our own kernels. */
function productsOf(precision: string, cublasLt: string | undefined): { readonly products?: string } {
  if (cublasLt !== undefined) return { products: `${precision} (cuBLASLt ${cublasLt})` };
  return precision === 'float32' ? {} : { products: precision };
}

/** @returns an error that says what is missing and how to get it, if no GPU can be used */
function register(native: typeof import('tfjs-backend-cuda'), ordinal: number): DeviceInfo | UserError {
  try {
    return native.registerCudaBackend({ ordinal });
  } catch (error) {
    if (!(error instanceof native.CudaUnavailable)) throw error;
    return new UserError(
      `--device ${native.backendName(ordinal)}: ${error.problem}`,
      `${error.remedy}, or use --device cpu`,
      { cause: error },
    );
  }
}
