import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DevicePool, OutOfDeviceMemory } from '../src/pool.js';
import type { Block } from '../src/slab.js';

/** A device with this many bytes. Its allocations follow each other and are never reused. */
class CountingSource {
  readonly held = new Map<number, number>();
  #next = 256;

  constructor(readonly total = 2 ** 40) {}

  get free(): number {
    return this.total - [...this.held.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  allocate({ bytes }: { bytes: number }): number {
    if (bytes > this.free) return 0;
    const address = this.#next;
    this.#next += Math.ceil(bytes / 256) * 256 + 256;
    this.held.set(address, bytes);
    return address;
  }

  release({ address }: { address: number }): void {
    if (!this.held.delete(address)) throw new Error('released twice');
  }

  memoryInfo(): { free: number; total: number } {
    return { free: this.free, total: this.total };
  }
}

const overlap = (a: Block, b: Block): boolean => a.address < b.address + b.bytes && b.address < a.address + a.bytes;

/** An action of a caller: takes this many bytes, or returns the block at this index of those it has. */
const action = fc.oneof(
  fc.record({ take: fc.integer({ min: 0, max: 5_000_000 }) }),
  fc.record({ give: fc.nat({ max: 100 }) }),
);

describe('the pool of device memory', () => {
  test('hands out no byte twice, stays within its slabs, and joins returned blocks', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const source = new CountingSource();
        const pool = new DevicePool(source);
        const held: Block[] = [];
        for (const step of actions) {
          if ('take' in step) {
            const block = pool.take(step.take);
            expect(block.bytes).toBeGreaterThanOrEqual(step.take);
            expect(block.address % 256).toBe(0);
            expect(held.some((other) => overlap(block, other))).toBe(false);
            const end = block.slab.address + source.held.get(block.slab.address)!;
            expect(block.address >= block.slab.address && block.address + block.bytes <= end).toBe(true);
            held.push(block);
          } else if (held.length > 0) {
            for (const block of held.splice(step.give % held.length, 1)) pool.give(block);
          }
          expect(pool.bytesInUse).toBe(held.reduce((sum, { bytes }) => sum + bytes, 0));
        }
        for (const block of held) pool.give(block);
        pool.clear();
        expect(pool.bytesReserved).toBe(0);
        expect(source.held.size).toBe(0);
      }),
    );
  });

  test('reserves no more when the same sizes come again', () => {
    const pool = new DevicePool(new CountingSource());
    const sizes = [3_000_000, 40, 9_000_000, 700_000, 8_000_000];
    const round = (): void => {
      const blocks = sizes.map((bytes) => pool.take(bytes));
      for (const block of blocks) pool.give(block);
    };
    round();
    const reserved = pool.bytesReserved;
    for (let i = 0; i < 100; i++) round();
    expect(pool.bytesReserved).toBe(reserved);
    expect(pool.mostBytesInUse).toBeGreaterThanOrEqual(sizes.reduce((a, b) => a + b));
  });

  test('reserves just what is needed when no whole slab fits, and gives up free slabs before it fails', () => {
    const source = new CountingSource(40 * 2 ** 20);
    const pool = new DevicePool(source);
    const small = pool.take(2 ** 20); // a slab of 16 MiB
    pool.give(small);
    const large = pool.take(30 * 2 ** 20); // fits only without the slab
    expect(source.held.size).toBe(1);
    expect(large.bytes).toBe(30 * 2 ** 20);
    expect(() => pool.take(11 * 2 ** 20)).toThrow(OutOfDeviceMemory);
    expect(() => pool.take(11 * 2 ** 20)).toThrow(
      'out of GPU memory: 11.0 MiB for a tensor beside 30.0 MiB of tensors; 10.0 MiB of 40.0 MiB are free',
    );
    pool.give(large);
    expect(pool.take(11 * 2 ** 20).bytes).toBe(11 * 2 ** 20);
  });
});
