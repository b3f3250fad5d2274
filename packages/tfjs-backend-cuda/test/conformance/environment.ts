// Evaluated before the specs, which register themselves with the globals and the environment that are set here.
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import jasmineCore from 'jasmine-core';
import type { Driver } from '../../src/driver.js';
import { DevicePool } from '../../src/pool.js';
import { openDevice, registerCudaBackend } from '../../src/register.js';
import type { Block } from '../../src/slab.js';

/** The backend under test: `cuda` on the emulated driver, or `cpu`, the JavaScript backend of tfjs. */
const backendName = process.argv[2]!;

jasmineCore.installGlobals();
// Runs specs in order, so that two backends can be compared. tfjs-core has several suites of the same name.
jasmineCore.jasmine.getEnv().configure({ random: false, forbidDuplicateNames: false });
if (backendName === 'cuda') {
  registerCudaBackend({ library: 'emulated' });
  poisonMemory(openDevice({ library: 'emulated' }));
}
// Enables the flag IS_TEST, with which the engine checks every kernel call for leaked data.
setTestEnvs([{ name: backendName, backendName, isDataSync: true }]);

/** Fills memory with NaN before a kernel writes to it and after its tensor is disposed, so that invalid reads fail. */
function poisonMemory(driver: Driver): void {
  const { take, give } = DevicePool.prototype;
  const poison = (block: Block): Block => {
    driver.fill({ address: block.address, word: 0xffffffff, count: block.bytes / 4 });
    return block;
  };
  DevicePool.prototype.take = function (bytes) {
    return poison(take.call(this, bytes));
  };
  DevicePool.prototype.give = function (block) {
    give.call(this, poison(block));
  };
}
