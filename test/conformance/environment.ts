// Evaluated before the specs, which register themselves with the globals and the environment that are set here.
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import jasmineCore from 'jasmine-core';

/** The backend under test: a package's own, or `cpu`, the JavaScript backend of tfjs. */
export const backendName = process.argv[2]!;

/** A pool of memory for tensors, as both native packages have one. */
interface Pool<Block> {
  take(bytes: number): Block;
  give(block: Block): void;
}

jasmineCore.installGlobals();
// Runs specs in order, so that two backends can be compared. tfjs-core has several suites of the same name.
jasmineCore.jasmine.getEnv().configure({ random: false, forbidDuplicateNames: false });

/** Makes the specs run on the backend, which is registered. */
export function testBackend(): void {
  // Enables the flag IS_TEST, with which the engine checks every kernel call for leaked data.
  setTestEnvs([{ name: backendName, backendName, isDataSync: true }]);
}

/**
 * Fills memory with NaN before a kernel writes to it and after its tensor is disposed, so that invalid reads fail.
 * @param pool the prototype of the pool's class
 */
export function poisonMemory<Block>(pool: Pool<Block>, fillWithNaN: (block: Block) => void): void {
  const { take, give } = pool;
  const poison = (block: Block): Block => {
    fillWithNaN(block);
    return block;
  };
  pool.take = function (bytes) {
    return poison(take.call(this, bytes));
  };
  pool.give = function (block) {
    give.call(this, poison(block));
  };
}
