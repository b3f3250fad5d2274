import { UserError } from '../errors.js';
import { registerSearchEngine } from '../ops/search-engine.js';
import * as tf from '../tf.js';
import type { DeviceDefinition } from './device.js';

/** A clone has scripts/setup.sh; an installed package brings the backend in its node_modules. */
const REMEDY =
  'install g++ and libdnnl-dev and run scripts/setup.sh (of an installed package: its node_modules/tfjs-backend-onednn/scripts/build.js), or use --device wasm';

export const cpu: DeviceDefinition = {
  name: 'cpu',
  summary: 'oneDNN kernels of tfjs-backend-onednn; needs the add-on that scripts/setup.sh builds',
  async open({ threads, bfloat16 = false, int8 = false }) {
    const backend = await import('tfjs-backend-onednn');
    const { available, reason } = backend.isAvailable();
    if (!available) throw new UserError(`--device cpu: ${reason ?? 'the native add-on is not built'}`, REMEDY);
    if (bfloat16 && !backend.supportsBfloat16()) {
      throw new UserError('--bf16: oneDNN has no bfloat16 products for this processor', 'leave --bf16 out');
    }
    backend.registerOneDnnBackend({ ...(threads === null ? {} : { threads }), bfloat16 });
    await tf.setBackend('onednn');
    const precision = int8 ? 'int8' : bfloat16 ? 'bfloat16' : 'float32';
    registerSearchEngine('onednn', {
      precision,
      pack: (sizes, weights) => backend.packTransformer(sizes, weights, precision),
      release: backend.discard,
    });
    const { squaredNorm, scale, addTensor, collectGradients, adamStep, describe, startProfile, endProfile } = backend;
    const { oneDnnVersion, threads: used, isa } = describe();
    return {
      name: 'cpu',
      description: {
        device: 'cpu',
        oneDNN: oneDnnVersion,
        threads: used,
        isa,
        ...(precision === 'float32' ? {} : { products: precision }),
      },
      arenaKernels: {
        ...{ squaredNorm, scale, collectGradients, adamStep },
        addTensors(sums, xs) {
          for (const [index, sum] of sums.entries()) addTensor(sum, xs[index]!);
        },
      },
      profiler: { start: startProfile, end: endProfile },
    };
  },
};
