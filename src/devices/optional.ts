import { UserError } from '../errors.js';
import { tensorArenaDevice } from '../optim/tensor-arenas.js';
import * as tf from '../tf/index.js';
import type { Device, DeviceDefinition } from './device.js';

interface OptionalDevice {
  readonly name: string;
  /** The npm package that registers the backend. */
  readonly module: string;
  /** The name of the tfjs backend. */
  readonly backend: string;
  readonly remedy: string;
}

/**
 * A device whose package is not a dependency, because it cannot be installed everywhere. Opening it imports the
 * package.
 */
function optionalDevice({ name, module, backend, remedy }: OptionalDevice): DeviceDefinition {
  return {
    name,
    async open(): Promise<Device> {
      try {
        await import(module);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
        throw new UserError(`--device ${name}: ${module} cannot be loaded (${reason})`, remedy, { cause });
      }
      if (!(await tf.setBackend(backend))) {
        throw new UserError(`--device ${name}: the '${backend}' backend of ${module} did not start`, remedy);
      }
      await tf.ready();
      return { name, description: { device: name }, ...tensorArenaDevice(backend) };
    },
  };
}

/** libtensorflow through @tensorflow/tfjs-node. */
export const tensorflow = optionalDevice({
  name: 'tensorflow',
  module: '@tensorflow/tfjs-node',
  backend: 'tensorflow',
  remedy: 'npm install @tensorflow/tfjs-node@4.22.0 (it downloads libtensorflow), or use --device cpu',
});

/** An NVIDIA GPU through @tensorflow/tfjs-node-gpu. */
export const cuda = optionalDevice({
  name: 'cuda',
  module: '@tensorflow/tfjs-node-gpu',
  backend: 'tensorflow',
  remedy: 'npm install @tensorflow/tfjs-node-gpu@4.22.0 (it downloads libtensorflow with CUDA), or use --device cpu',
});
