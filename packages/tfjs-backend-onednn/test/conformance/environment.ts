import { backendName, poisonMemory, testBackend } from '../../../../test/conformance/environment.js';
import { registerOneDnnBackend } from '../../src/index.js';
import { StoragePool } from '../../src/pool.js';

if (backendName === 'onednn') registerOneDnnBackend();
poisonMemory(StoragePool.prototype, ({ slab, offset, bytes }) => {
  new Float32Array(slab.buffer, offset, bytes / 4).fill(Number.NaN);
});
testBackend();
