import type { DeviceDefinition } from '../../../../src/devices/device.js';
import { UserError } from '../../../../src/errors.js';

/** A device that needs the package ts-fairseq. */
function elsewhere(name: string): DeviceDefinition {
  return {
    name,
    async open() {
      throw new UserError(`--device ${name}: ts-fairseq-translate has only cpu and wasm`, 'use the package ts-fairseq');
    },
  };
}

export const cuda = elsewhere('cuda');
export const tensorflow = elsewhere('tensorflow');
export const webgpu = elsewhere('webgpu');
