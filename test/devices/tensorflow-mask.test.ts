import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import { hasKernel } from '../../src/ops/define-op.js';
import { dropoutMaskTensor } from '../../src/ops/dropout.js';
import { dropoutMask } from '../../src/ops/philox.js';

/** Whether `--device tensorflow` works here; `npm run test:devices` installs what it needs. */
const isInstalled = ((): boolean => {
  try {
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-node');
    return true;
  } catch {
    return false;
  }
})();

describe.runIf(isInstalled)('a dropout mask that TensorFlow computes', () => {
  beforeAll(async () => void (await openDevice('tensorflow', { threads: null })));

  it.each([
    [0.3, [5, 3, 70]],
    [0.1, [64, 512]],
    [0.5, [3, 1]],
    [0.999, [7]],
    [0, [2, 3]],
  ])(
    'for the probability %d and the shape %j is that of the other devices, and leaks nothing',
    async (probability, shape) => {
      expect(hasKernel('DropoutMask')).toBe(true);
      const columns = shape.at(-1)!;
      const spec = { seed: 4_000_000_000, update: 7, microBatch: 3, site: 9, probability };
      const { binding } = tf.backend() as unknown as { readonly binding: { getNumOfTensors(): number } };
      const before = binding.getNumOfTensors();
      const mask = dropoutMaskTensor(spec, shape);
      expect(mask.shape).toEqual(shape);
      expect(await mask.data()).toEqual(dropoutMask(spec, mask.size / columns, columns));
      mask.dispose();
      expect(binding.getNumOfTensors()).toBe(before);
    },
  );
});
