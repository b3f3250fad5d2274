import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localWorlds } from '../src/local-world.js';
import { sliceOf } from '../src/slices.js';
import type { World } from '../src/world.js';

const onEach = <T>(worlds: readonly World[], work: (world: World) => Promise<T>): Promise<T[]> =>
  Promise.all(worlds.map(work));

describe('worlds in one process', () => {
  it('number their ranks', () => {
    expect(localWorlds(3).map(({ rank, size, localRank, localSize }) => [rank, size, localRank, localSize])).toEqual([
      [0, 3, 0, 3],
      [1, 3, 1, 3],
      [2, 3, 2, 3],
    ]);
  });

  it('give everyone the bytes of all ranks, in rank order and of different lengths', async () => {
    const worlds = localWorlds(3);
    const gathered = await onEach(worlds, (world) => world.allGather(new Uint8Array(world.rank).fill(world.rank)));
    const all = [Uint8Array.of(), Uint8Array.of(1), Uint8Array.of(2, 2)];
    expect(gathered).toEqual([all, all, all]);
  });

  it('sum the slice of each rank in float32 and in rank order', async () => {
    const values = fc.array(fc.float({ noNaN: true }), { minLength: 0, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(values, fc.integer({ min: 1, max: 5 }), async (list, size) => {
        const vectorOf = (rank: number) => Float32Array.from(list, (value) => value * (1 + rank / 3));
        const sums = list.map((_, index) => {
          let sum = vectorOf(0)[index]!;
          for (let rank = 1; rank < size; rank++) sum = Math.fround(sum + vectorOf(rank)[index]!);
          return sum;
        });
        const results = await onEach(localWorlds(size), async (world) => {
          const vector = vectorOf(world.rank);
          await world.sumSlices(vector);
          const { from, to } = sliceOf(vector.length, world.rank, size);
          return [...vector.subarray(from, to)];
        });
        expect(results.flat()).toEqual(sums);
      }),
    );
  });

  it('complete a vector on all ranks, or on rank 0 only', async () => {
    const mine = ({ rank }: World) => new Float64Array(5).fill(rank);
    const worlds = localWorlds(3);
    const everywhere = await onEach(worlds, async (world) => {
      const values = Float32Array.from(mine(world));
      await world.gatherSlices(values);
      return [...values];
    });
    expect(everywhere).toEqual(worlds.map(() => [0, 0, 1, 1, 2]));
    const atRoot = await onEach(worlds, async (world) => {
      const values = mine(world);
      await world.gatherSlicesAtRoot(values);
      return [...values];
    });
    expect(atRoot[0]).toEqual([0, 0, 1, 1, 2]);
    expect(atRoot.slice(1)).toEqual([1, 2].map((rank) => new Array(5).fill(rank)));
  });

  it('wait for all ranks', async () => {
    const [first, second] = localWorlds(2);
    let settled = false;
    const waiting = first!.allGather(Uint8Array.of(1)).then(() => {
      settled = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(settled).toBe(false);
    await second!.allGather(Uint8Array.of());
    await waiting;
  });

  it('refuse collectives that differ, on all ranks', async () => {
    const errors = await Promise.allSettled(
      localWorlds(2).map((world) =>
        world.rank === 0 ? world.sumSlices(new Float32Array(3)) : world.sumSlices(new Float32Array(4)),
      ),
    );
    const reason = new Error('rank 1 called sumSlices of 4 values where rank 0 called sumSlices of 3 values');
    expect(errors).toEqual([1, 2].map(() => ({ status: 'rejected', reason })));
  });

  it('reject what waits when a rank aborts, and everything after it', async () => {
    const [first, second] = localWorlds(2);
    const waiting = first!.finalize();
    const reason = 'rank 1 aborted with code 3';
    expect(() => second!.abort(3)).toThrow(reason);
    await expect(waiting).rejects.toThrow(reason);
    await expect(first!.allGather(Uint8Array.of())).rejects.toThrow(reason);
  });

  it('are left once', async () => {
    const [world] = localWorlds(1);
    await world!.finalize();
    await world!.finalize();
    await expect(world!.allGather(Uint8Array.of())).rejects.toThrow('this rank has left MPI');
  });
});
