import type { OneDnnOptions } from 'tfjs-backend-onednn/search';
import { UserError } from '../errors.js';
import { openedDevice } from '../ops/opened-device.js';
import type { SearchEngine } from '../ops/search-engine.js';
import { portableArenaKernels } from '../optim/arena-kernels.js';
import * as tf from '../tf/index.js';
import type { Device, DeviceDefinition } from './device.js';

const REMEDY = 'install what it needs: g++, make, python3 and libdnnl-dev (Debian, Ubuntu), or use --device wasm';

/** The oneDNN kernels of tfjs-backend-onednn. Requires the native add-on, which set-up builds. */
export const cpu: DeviceDefinition = {
  name: 'cpu',
  async open({ threads, bfloat16 = false, int8 = false, forSearch = false }) {
    const native = await import('tfjs-backend-onednn/search');
    const { available, reason } = native.isAvailable();
    if (!available) throw new UserError(`--device cpu: ${reason ?? 'the native add-on is not built'}`, REMEDY);
    if (bfloat16 && !native.supportsBfloat16()) {
      throw new UserError('--bf16: oneDNN does not support bfloat16 products on this processor', 'omit --bf16');
    }
    const settings = native.settingsOf({ ...(threads === null ? {} : { threads }), bfloat16 });
    const precision = int8 ? 'int8' : bfloat16 ? 'bfloat16' : 'float32';
    const searchEngine: SearchEngine = {
      pack: (sizes, weights) => native.packTransformer(sizes, weights, precision, settings),
      release: native.discard,
    };
    const { oneDnnVersion, isa } = native.describe();
    const description = {
      ...{ device: 'cpu', oneDNN: oneDnnVersion, threads: settings.threads, isa },
      ...(precision === 'float32' ? {} : { products: precision }),
    };
    const activate = (): void => {
      if (isRegistered) void tf.setBackend('onednn');
      else tf.chooseBackend('onednn', () => openBackend(settings));
    };
    if (forSearch) activate();
    const operations = forSearch ? { arenaKernels: portableArenaKernels } : await openBackend(settings);
    const useSettings = (): void => native.useSettings(settings);
    const opened = openedDevice('onednn', searchEngine, useSettings, null, null, activate);
    return { name: 'cpu', description, ...operations, ...opened };
  },
};

/** Whether tfjs has the backend. Devices that only search do without it. */
let isRegistered = false;

/** Registers the tfjs backend and makes it the current one. */
async function openBackend(settings: OneDnnOptions): Promise<Pick<Device, 'arenaKernels' | 'profiler'>> {
  const backend = await import('tfjs-backend-onednn');
  backend.registerOneDnnBackend(settings);
  isRegistered = true;
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
