import type { OneDnnOptions } from 'tfjs-backend-onednn/search';
import { UserError } from '../errors.js';
import { registerSearchEngine } from '../ops/search-engine.js';
import { portableArenaKernels } from '../optim/arena-kernels.js';
import * as tf from '../tf.js';
import type { Device, DeviceDefinition } from './device.js';

const REMEDY = 'install what it needs: g++, make, python3 and libdnnl-dev (Debian, Ubuntu), or use --device wasm';

/** oneDNN kernels of tfjs-backend-onednn; needs the add-on that set-up builds. */
export const cpu: DeviceDefinition = {
  name: 'cpu',
  async open({ threads, bfloat16 = false, int8 = false, forSearch = false }) {
    const native = await import('tfjs-backend-onednn/search');
    const { available, reason } = native.isAvailable();
    if (!available) throw new UserError(`--device cpu: ${reason ?? 'the native add-on is not built'}`, REMEDY);
    if (bfloat16 && !native.supportsBfloat16()) {
      throw new UserError('--bf16: oneDNN has no bfloat16 products for this processor', 'leave --bf16 out');
    }
    const settings = { ...(threads === null ? {} : { threads }), bfloat16 };
    native.configure(settings);
    const precision = int8 ? 'int8' : bfloat16 ? 'bfloat16' : 'float32';
    registerSearchEngine('onednn', {
      precision,
      pack: (sizes, weights) => native.packTransformer(sizes, weights, precision),
      release: native.discard,
    });
    const { oneDnnVersion, threads: used, isa } = native.describe();
    const description = {
      ...{ device: 'cpu', oneDNN: oneDnnVersion, threads: used, isa },
      ...(precision === 'float32' ? {} : { products: precision }),
    };
    if (forSearch) {
      tf.chooseBackend('onednn', () => openBackend(settings));
      return { name: 'cpu', description, arenaKernels: portableArenaKernels };
    }
    return { name: 'cpu', description, ...(await openBackend(settings)) };
  },
};

/** Makes the tfjs backend the current one. */
async function openBackend(settings: OneDnnOptions): Promise<Pick<Device, 'arenaKernels' | 'profiler'>> {
  const backend = await import('tfjs-backend-onednn');
  backend.registerOneDnnBackend(settings);
  await tf.setBackend('onednn');
  const { squaredNorm, scale, addTensor, collectGradients, adamStep, startProfile, endProfile } = backend;
  return {
    arenaKernels: {
      ...{ squaredNorm, scale, collectGradients, adamStep },
      addTensors(sums, xs) {
        for (const [index, sum] of sums.entries()) addTensor(sum, xs[index]!);
      },
    },
    profiler: { start: startProfile, end: endProfile },
  };
}
