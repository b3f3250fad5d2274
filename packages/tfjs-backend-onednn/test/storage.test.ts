import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OneDnnBackend } from '../src/backend.js';
import { type Block, StoragePool } from '../src/pool.js';
import './compare.js';

const backend = (): OneDnnBackend => tf.backend() as unknown as OneDnnBackend;

class CountingSource {
  made = 0;
  released = 0;
  newBlock(bytes: number): ArrayBuffer {
    this.made++;
    return new ArrayBuffer(bytes);
  }
  releaseBlock(): void {
    this.released++;
  }
}

/** What a caller does: asks for so many bytes, or gives back the block that lies at this place of those it holds. */
const action = fc.oneof(
  fc.record({ take: fc.integer({ min: 0, max: 5000 }) }),
  fc.record({ give: fc.nat({ max: 100 }) }),
);

describe('the pool', () => {
  test('hands no byte out twice, and joins what comes back', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const pool = new StoragePool(new CountingSource());
        const held: Block[] = [];
        for (const step of actions) {
          if ('take' in step) {
            const block = pool.take(step.take);
            expect(block.bytes).toBeGreaterThanOrEqual(step.take);
            expect(block.offset % 64).toBe(0);
            for (const other of held) {
              const apart = block.offset + block.bytes <= other.offset || other.offset + other.bytes <= block.offset;
              expect(block.slab !== other.slab || apart).toBe(true);
            }
            held.push(block);
          } else if (held.length > 0) {
            for (const block of held.splice(step.give % held.length, 1)) pool.give(block);
          }
          expect(pool.bytesInUse).toBe(held.reduce((sum, { bytes }) => sum + bytes, 0));
        }
        for (const block of held) pool.give(block);
        pool.clear();
        expect(pool.bytesReserved).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  test('reserves less where the system does not allow what it asks for, down to what is needed', () => {
    const asked: number[] = [];
    const source = {
      newBlock: (bytes: number): ArrayBuffer => {
        asked.push(bytes);
        if (bytes > 5000) throw new Error('out of memory');
        return new ArrayBuffer(bytes);
      },
      releaseBlock: () => undefined,
    };
    const pool = new StoragePool(source);
    expect(pool.take(4096).bytes).toBe(4096);
    expect(asked[0]).toBe(2 ** 31);
    expect(asked.at(-1)).toBe(4096);
    expect(() => pool.take(8192)).toThrow('out of memory');
  });

  test('uses the smallest gap that is large enough', () => {
    const pool = new StoragePool(new CountingSource());
    const [large, , small] = [pool.take(2048), pool.take(64), pool.take(1024), pool.take(64)];
    pool.give(large!);
    pool.give(small!);
    expect(pool.take(1000).offset).toBe(small!.offset);
    expect(pool.take(1000).offset).toBe(large!.offset);
  });

  test('reserves no more for many sizes that come and go than for the largest of them', () => {
    const source = new CountingSource();
    const pool = new StoragePool(source);
    for (let size = 1 << 20; size < 1 << 26; size += 1 << 20) {
      const blocks = [pool.take(size), pool.take(size)];
      for (const block of blocks) pool.give(block);
    }
    expect(source.made).toBe(1);
  });

  test('makes a slab of its own for what is larger than a slab, and gives free slabs back', () => {
    const source = new CountingSource();
    const pool = new StoragePool(source);
    const large = pool.take(2 ** 31 + 64);
    const small = pool.take(64);
    expect(source.made).toBe(2);
    pool.give(large);
    pool.clear();
    expect(source.released).toBe(1);
    pool.give(small);
    pool.clear();
    expect(source.released).toBe(2);
  });
});

describe('storage of tensors', () => {
  test('is recycled, and what was read before stays as it was', async () => {
    await tf.setBackend('onednn');
    const input = tf.ones([100, 100]);
    const sum = tf.add(input, input);
    const read = sum.dataSync();
    const { inUse } = backend().poolBytes;
    sum.dispose();
    expect(backend().poolBytes.inUse).toBeLessThan(inUse);
    const product = tf.mul(input, 5);
    expect(backend().poolBytes.inUse).toBe(inUse);
    expect(read.every((value) => value === 2)).toBe(true);
    read.fill(0);
    expect(product.dataSync().every((value) => value === 5)).toBe(true);
    tf.dispose([input, product]);
  });

  test('stays while an alias of a tensor lives', async () => {
    await tf.setBackend('onednn');
    const sum = tf.add(tf.scalar(1), tf.ones([64]));
    const alias = tf.reshape(sum, [8, 8]);
    sum.dispose();
    const other = tf.mul(tf.scalar(9), tf.ones([64]));
    expect([...alias.dataSync()]).toEqual(new Array(64).fill(2));
    tf.dispose([alias, other]);
  });

  test('of a slice that a JavaScript kernel makes does not follow the block it was cut from', async () => {
    await tf.setBackend('onednn');
    const sum = tf.add(tf.scalar(1), tf.ones([4, 16]));
    const [first] = tf.unstack(sum) as [tf.Tensor]; // Unpack cuts views of the values
    sum.dispose();
    const other = tf.mul(tf.scalar(9), tf.ones([4, 16]));
    expect([...first.dataSync()]).toEqual(new Array(16).fill(2));
    tf.dispose([first, other]);
    tf.disposeVariables();
  });

  test("of the caller's array is used in place and never handed out", async () => {
    await tf.setBackend('onednn');
    const array = Float32Array.of(1, 2, 3);
    const tensor = tf.tensor1d(array);
    array[0] = 10;
    const sum = tf.tidy(() => tf.add(tensor, tf.scalar(1)).dataSync());
    expect([...sum]).toEqual([11, 3, 4]);
    tensor.dispose();
    tf.tidy(() => tf.add(tf.ones([3]), tf.ones([3])));
    expect([...array]).toEqual([10, 2, 3]);
  });

  test('moves between backends', async () => {
    await tf.setBackend('onednn');
    const sum = tf.add(tf.ones([3]), tf.ones([3]));
    await tf.setBackend('cpu');
    const plain = tf.add(sum, 1);
    expect([...plain.dataSync()]).toEqual([3, 3, 3]);
    await tf.setBackend('onednn');
    const back = tf.add(plain, sum);
    expect([...back.dataSync()]).toEqual([5, 5, 5]);
    tf.dispose([sum, plain, back]);
  });

  test('does not grow over repeated work', async () => {
    await tf.setBackend('onednn');
    const work = (): void =>
      tf.tidy(() => {
        let x: tf.Tensor = tf.ones([50, 50]);
        for (let i = 0; i < 10; i++) x = tf.matMul(x as tf.Tensor2D, tf.mul(x, 0.1) as tf.Tensor2D);
      });
    work();
    const before = backend().poolBytes;
    for (let i = 0; i < 20; i++) work();
    expect(backend().poolBytes).toEqual(before);
  });

  test('survives a reset of the engine', async () => {
    await tf.setBackend('onednn');
    tf.add(tf.ones([10]), 1);
    tf.engine().reset();
    await tf.setBackend('onednn');
    expect([...tf.add(tf.ones([2]), 1).dataSync()]).toEqual([2, 2]);
    expect(tf.memory().numTensors).toBeGreaterThan(0);
  });
});

describe('zeros without memory', () => {
  test('are an operand like any other, and adding them makes no new tensor of numbers', async () => {
    await tf.setBackend('onednn');
    tf.tidy(() => {
      const info = backend().zeros([2, 3]);
      const zeros = tf.engine().makeTensorFromTensorInfo(info);
      const ones = tf.ones([2, 3]);
      const { inUse } = backend().poolBytes;
      const sum = tf.add(ones, zeros);
      expect(backend().poolBytes.inUse).toBe(inUse);
      expect([...sum.dataSync()]).toEqual(new Array(6).fill(1));
      expect([...tf.mul(zeros, ones).dataSync()]).toEqual(new Array(6).fill(0));
      expect([...tf.add(zeros, tf.ones([1, 3])).dataSync()]).toEqual(new Array(6).fill(1));
    });
  });
});
