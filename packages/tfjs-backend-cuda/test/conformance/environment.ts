import { backendName, poisonMemory, testBackend } from '../../../../test/conformance/environment.js';
import { DevicePool } from '../../src/pool.js';
import { openDevice, registerCudaBackend } from '../../src/register.js';

if (backendName === 'cuda') {
  registerCudaBackend({ library: 'emulated' });
  const driver = openDevice({ library: 'emulated' });
  poisonMemory(DevicePool.prototype, ({ address, bytes }) =>
    driver.fill({ address, word: 0xffffffff, count: bytes / 4 }),
  );
}
testBackend();
