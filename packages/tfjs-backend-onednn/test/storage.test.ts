import { describe, expect, test } from 'vitest';
import * as tf from '../../../src/tf.js';
import type { OneDnnBackend } from '../src/backend.js';
import { blockSize, StoragePool } from '../src/pool.js';
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

describe('the pool', () => {
  test.each([
    [0, 256],
    [256, 256],
    [257, 320],
    [1000, 1024],
    [1025, 1280],
    [1 << 20, 1 << 20],
    [(1 << 20) + 1, 1.25 * 2 ** 20],
  ])('holds %d bytes in a block of %d', (bytes, size) => {
    expect(blockSize(bytes)).toBe(size);
  });

  test('hands a block out again only after it was given back', () => {
    const source = new CountingSource();
    const pool = new StoragePool(source);
    const [first, second] = [pool.take(5000), pool.take(5000)];
    expect(first).not.toBe(second);
    pool.give(first);
    expect(pool.take(4999)).toBe(first);
    expect(source.made).toBe(2);
  });

  test('releases free blocks of other sizes before it grows beyond its bound', () => {
    const source = new CountingSource();
    const pool = new StoragePool(source);
    for (let size = 1 << 16; size < 1 << 18; size += 1 << 14) {
      const blocks = [pool.take(size), pool.take(size)];
      for (const block of blocks) pool.give(block);
      expect(pool.bytesFree).toBeLessThanOrEqual(1.25 * 2 * blockSize(1 << 18));
    }
    expect(source.released).toBeGreaterThan(0);
    pool.clear();
    expect(pool.bytesFree).toBe(0);
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
    const { inUse, free } = backend().poolBytes;
    for (let i = 0; i < 20; i++) work();
    expect(backend().poolBytes).toEqual({ inUse, free });
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
