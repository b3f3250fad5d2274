import { setTimeout } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { addTensor, collectGradients } from 'tfjs-backend-onednn';
import { describe, expect, test, vi } from 'vitest';
import { gradients as gradientsOf } from '../../../src/ops/gradients.js';
import { linear } from '../../../src/ops/linear.js';
import { addon } from '../src/addon.js';
import type { OneDnnBackend } from '../src/backend.js';
import { StoragePool } from '../src/pool.js';
import type { Block } from '../src/slab.js';
import { uniform } from './compare.js';

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
  misalignment({ byteOffset }: Float32Array): number {
    return byteOffset % 64;
  }
}

const overlap = (a: Block, b: Block): boolean =>
  a.slab === b.slab && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;

/** An action of a caller: takes this many bytes, or returns the block at this index of those it has. */
const action = fc.oneof(
  fc.record({ take: fc.integer({ min: 0, max: 5000 }) }),
  fc.record({ give: fc.nat({ max: 100 }) }),
);

describe('the pool', () => {
  test('hands out no byte twice, and joins returned blocks', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const pool = new StoragePool(new CountingSource());
        const held: Block[] = [];
        for (const step of actions) {
          if ('take' in step) {
            const block = pool.take(step.take);
            expect(block.bytes).toBeGreaterThanOrEqual(step.take);
            expect(block.offset % 64).toBe(0);
            expect(held.some((other) => overlap(block, other))).toBe(false);
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

  test('reserves less if the system refuses, down to the required size', () => {
    const asked: number[] = [];
    const source = {
      newBlock: (bytes: number): ArrayBuffer => {
        asked.push(bytes);
        if (bytes > 5000) throw new Error('out of memory');
        return new ArrayBuffer(bytes);
      },
      releaseBlock: () => undefined,
      misalignment: () => 0,
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

  test('reserves no more for many sizes that alternate than for the largest of them', () => {
    const source = new CountingSource();
    const pool = new StoragePool(source);
    for (let size = 1 << 20; size < 1 << 26; size += 1 << 20) {
      const blocks = [pool.take(size), pool.take(size)];
      for (const block of blocks) pool.give(block);
    }
    expect(source.made).toBe(1);
  });

  test('makes a separate slab for a block larger than a slab, and returns free slabs', () => {
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

const MEBIBYTE = 2 ** 20;

/** Actions on a pool that has 8 MiB of lent memory, in units of 256 KiB. */
const lentAction = fc.oneof(
  fc.record({ take: fc.integer({ min: 0, max: 10 }) }),
  fc.record({ give: fc.nat({ max: 100 }) }),
  fc.record({ callBack: fc.tuple(fc.nat({ max: 31 }), fc.integer({ min: 1, max: 8 })) }),
);

describe('lent memory', () => {
  const words = ({ slab, offset, bytes }: Block): Int32Array => new Int32Array(slab.buffer, offset, bytes / 4);

  test('is used until its owner calls back a part, whose blocks move with their contents', () => {
    fc.assert(
      fc.property(fc.array(lentAction, { maxLength: 60 }), (actions) => {
        const pool = new StoragePool(new CountingSource());
        const arena = new Float32Array(8 * MEBIBYTE + 64).subarray(5, 5 + 2 * MEBIBYTE);
        pool.lend(arena);
        const held: { block: Block; mark: number }[] = [];
        const calledBack: Float32Array[] = [];
        for (const [mark, step] of actions.entries()) {
          if ('take' in step) {
            const block = pool.take(step.take * 2 ** 18);
            words(block).fill(mark);
            held.push({ block, mark });
          } else if ('give' in step) {
            for (const { block } of held.splice(step.give % Math.max(held.length, 1), 1)) pool.give(block);
          } else {
            const [first, count] = step.callBack;
            const part = arena.subarray(first * 2 ** 16, (first + count) * 2 ** 16);
            pool.callBack(part);
            calledBack.push(part);
            part.fill(-1);
          }
          for (const part of calledBack) expect([part[0], part.at(-1)]).toEqual([-1, -1]);
        }
        pool.endLoan();
        arena.fill(-1);
        for (const [index, { block, mark }] of held.entries()) {
          expect(words(block).every((word) => word === mark)).toBe(true);
          expect(held.slice(0, index).some((other) => overlap(block, other.block))).toBe(false);
        }
        for (const { block } of held) pool.give(block);
        expect(pool.bytesInUse).toBe(0);
        pool.clear();
        expect(pool.bytesReserved).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  test('takes large blocks that do not fit into touched memory, with the same alignment', () => {
    const pool = new StoragePool(new CountingSource());
    const first = pool.take(MEBIBYTE);
    pool.give(first);
    const arena = new Float32Array((3 * MEBIBYTE) / 4 + 16).subarray(3);
    pool.lend(arena);
    const [touched, lent, small, large] = [MEBIBYTE, 2 * MEBIBYTE, 1024, 4 * MEBIBYTE].map((size) => pool.take(size));
    const areLent = [touched, lent, small, large].map((block) => block!.slab.buffer === arena.buffer);
    expect(areLent).toEqual([false, true, false, false]);
    expect(lent!.offset % 64).toBe(0);
    let moves = 0;
    lent!.onMove = () => moves++;
    pool.callBack(arena.subarray(0, 64));
    expect(lent!.slab === first.slab).toBe(true);
    pool.endLoan();
    expect(moves).toBe(1);
    expect(pool.take(2 * MEBIBYTE).slab === first.slab).toBe(true);
  });

  describe('when the system has no more memory', () => {
    /** Slabs of 1 MiB at most, as many as allowed. */
    class ScarceSource extends CountingSource {
      left = 0;
      override newBlock(bytes: number): ArrayBuffer {
        if (bytes > MEBIBYTE || this.left === 0) throw new Error('out of memory');
        this.left -= 1;
        return super.newBlock(bytes);
      }
    }

    /** A pool with five blocks of half a MiB in lent memory, each filled with its number. */
    function lentOut() {
      const source = new ScarceSource();
      const pool = new StoragePool(source);
      const arena = new Float32Array(3 * (MEBIBYTE / 4));
      pool.lend(arena);
      const blocks = [1, 2, 3, 4, 5].map((mark) => {
        const block = pool.take(MEBIBYTE / 2);
        words(block).fill(mark);
        return block;
      });
      return { source, pool, arena, blocks };
    }

    const areWhole = (blocks: readonly Block[]): boolean =>
      blocks.every((block, index) => words(block).every((word) => word === index + 1));

    test.each([0, 1, 2])('ends later if its blocks move to three slabs and only %d fit', (slabs) => {
      const { source, pool, arena, blocks } = lentOut();
      source.left = slabs;
      expect(() => pool.endLoan()).toThrow('out of memory');
      expect(areWhole(blocks)).toBe(true);
      expect(() => pool.lend(arena)).toThrow('out of memory'); // as before
      for (const block of blocks.splice(1)) pool.give(block);
      source.left = 3;
      const large = pool.take(MEBIBYTE / 2); // not in the memory that is to be returned
      expect(large.slab.buffer === arena.buffer).toBe(false);
      pool.lend(arena);
      expect(blocks[0]!.slab.buffer === arena.buffer).toBe(false);
      expect(areWhole(blocks)).toBe(true);
      pool.endLoan();
      for (const block of [...blocks, large]) pool.give(block);
      expect(pool.bytesInUse).toBe(0);
      pool.clear();
      expect(pool.bytesReserved).toBe(0);
    });

    test('returns a part when there is room again, and then the rest', () => {
      const { source, pool, arena, blocks } = lentOut();
      const part = arena.subarray(0, MEBIBYTE / 4); // two blocks
      expect(() => pool.callBack(part)).toThrow('out of memory');
      expect(areWhole(blocks)).toBe(true);
      source.left = 1;
      pool.callBack(part);
      part.fill(-1);
      expect(areWhole(blocks)).toBe(true);
      source.left = 2;
      pool.endLoan();
      arena.fill(-1);
      expect(areWhole(blocks)).toBe(true);
    });
  });
});

describe('the arrays of gradients that a backward pass overwrites', () => {
  /** Gradients of a chain of three layers by their weights, and the number of its tensors in the arena. */
  function collected(overwrite: boolean): { arena: Float32Array; used: number } {
    const [rows, embed] = [1024, 256];
    const size = embed * embed;
    const arena = new Float32Array(3 * (size + embed) + size + 16);
    if (overwrite) arena.fill(Number.NaN);
    const shapes = [1, 2, 3].flatMap(() => [[embed, embed], [embed]]);
    const parameters = shapes.map((shape, seed) => tf.tensor(uniform(shape, seed + 1), shape));
    const unused = tf.tensor(uniform([embed, embed], 9), [embed, embed]);
    let offset = 0;
    const targets = [...parameters, unused].map((tensor, index) => {
      if (index === 2) offset += 16; // a space between two arrays
      const gradient = arena.subarray(offset, offset + tensor.size);
      offset += tensor.size;
      return { tensor, gradient };
    });
    let used = 0;
    const { take } = StoragePool.prototype;
    const spy = vi.spyOn(StoragePool.prototype, 'take').mockImplementation(function (this: StoragePool, bytes) {
      const block = take.call(this, bytes);
      if (block.slab.buffer === arena.buffer) used += 1;
      return block;
    });
    const x = tf.tensor(uniform([rows, embed], 10), [rows, embed]);
    const loss = (): tf.Scalar => {
      let y: tf.Tensor = x;
      for (let at = 0; at < parameters.length; at += 2)
        y = linear(y, parameters[at] as tf.Tensor2D, parameters[at + 1] as tf.Tensor1D);
      return tf.sum(tf.square(y));
    };
    tf.tidy(() => {
      const { grads } = collectGradients(targets, () => gradientsOf(loss, parameters), { overwrite });
      grads.forEach((tensor, index) => {
        addTensor(targets[index]!.gradient, tensor!);
      });
    });
    spy.mockRestore();
    tf.dispose([...parameters, unused, x]);
    return { arena, used };
  }

  test('contain the gradients added to zeros, and zeros without a gradient', async () => {
    await tf.setBackend('onednn');
    const { numTensors } = tf.memory();
    const { inUse } = backend().poolBytes;
    const [overwritten, added] = [collected(true), collected(false)];
    expect(overwritten.used).toBeGreaterThan(0);
    expect(added.used).toBe(0);
    expect(overwritten.arena.every((value, index) => value === added.arena[index])).toBe(true);
    expect(overwritten.arena.some((value) => value !== 0)).toBe(true);
    expect(backend().poolBytes.inUse).toBe(inUse);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('must be pieces of one buffer', async () => {
    await tf.setBackend('onednn');
    const targets = [1, 2].map((value) => ({ tensor: tf.scalar(value), gradient: new Float32Array(1) }));
    expect(() => collectGradients(targets, () => [], { overwrite: true })).toThrow('must share one buffer');
    tf.dispose(targets.map(({ tensor }) => tensor));
  });
});

describe('storage of tensors', () => {
  test('is recycled without changing values that were read before', async () => {
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

  test('is kept while an alias of a tensor exists', async () => {
    await tf.setBackend('onednn');
    const sum = tf.add(tf.scalar(1), tf.ones([64]));
    const alias = tf.reshape(sum, [8, 8]);
    sum.dispose();
    const other = tf.mul(tf.scalar(9), tf.ones([64]));
    expect([...alias.dataSync()]).toEqual(new Array(64).fill(2));
    tf.dispose([alias, other]);
  });

  test('of a slice that a JavaScript kernel makes is independent of its source', async () => {
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
  test('are a valid operand, and adding them creates no values', async () => {
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

// glibc allocates blocks smaller than a freed one from its heap, and keeps that memory.
test.skipIf(process.platform !== 'linux')('blocks of a megabyte return to the system one by one', async () => {
  const [size, count] = [1_900_000, 100];
  const { newBlock, releaseBlock } = addon();
  releaseBlock(newBlock(30_000_000));
  await setTimeout(20); // Node frees in a later turn of the event loop
  const blocks = Array.from({ length: 2 * count }, () => newBlock(size));
  for (const block of blocks) new Uint8Array(block).fill(1);
  const before = process.memoryUsage.rss();
  for (const block of blocks.filter((_, index) => index % 2 === 0)) releaseBlock(block);
  await setTimeout(20);
  expect(before - process.memoryUsage.rss()).toBeGreaterThan(0.8 * count * size);
  for (const block of blocks.filter((_, index) => index % 2 === 1)) releaseBlock(block);
});
