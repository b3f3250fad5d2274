import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Batching, BatchScheduler } from '../../src/inference/batch-scheduler.js';

/** Doubles numbers, at most three per batch, small ones first. Negative numbers fail. */
function doubling(): Batching<number, number> & { readonly batches: number[][] } {
  const batches: number[][] = [];
  return {
    batches,
    cut(lines) {
      const order = [...lines.keys()].sort((a, b) => lines[a]! - lines[b]!);
      return Array.from({ length: Math.ceil(order.length / 3) }, (_, at) =>
        Int32Array.from(order.slice(3 * at, 3 * at + 3)),
      );
    },
    async compute(lines) {
      batches.push([...lines]);
      await new Promise(setImmediate);
      if (lines.some((line) => line < 0)) throw new RangeError('negative');
      return lines.map((line) => 2 * line);
    },
  };
}

describe('the batch scheduler', () => {
  it('returns the results of a call in the order of its lines', async () => {
    const scheduler = new BatchScheduler(doubling());
    expect(await scheduler.run([5, 1, 4, 2, 3])).toEqual([10, 2, 8, 4, 6]);
    expect(await scheduler.run([])).toEqual([]);
  });

  it('computes the batches of a single call as they were cut', async () => {
    const batching = doubling();
    await new BatchScheduler(batching).run([5, 1, 4, 2, 3]);
    expect(batching.batches).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  it('puts the lines of concurrent calls into common batches', async () => {
    const batching = doubling();
    const scheduler = new BatchScheduler(batching);
    expect(await Promise.all([scheduler.run([1]), scheduler.run([3]), scheduler.run([2])])).toEqual([[2], [6], [4]]);
    expect(batching.batches).toEqual([[1, 2, 3]]);
  });

  it('computes a short call before the rest of a long one', async () => {
    const batching = doubling();
    const scheduler = new BatchScheduler(batching);
    const long = scheduler.run(Array.from({ length: 30 }, (_, index) => index));
    await new Promise(setImmediate);
    expect(await scheduler.run([1000])).toEqual([2000]);
    expect(batching.batches.length).toBeLessThanOrEqual(3);
    expect(await long).toHaveLength(30);
  });

  it('lets the caller use the results of a batch before the next one computes', async () => {
    const batching = doubling();
    const scheduler = new BatchScheduler(batching);
    const batchesAtAnswer = scheduler.run([1]).then(async () => {
      for (let step = 0; step < 30; step++) await null;
      return batching.batches.length;
    });
    const rest = scheduler.run([2, 3, 4, 5, 6]);
    expect(await batchesAtAnswer).toBe(1);
    await rest;
  });

  it('drops the lines of a cancelled call, and finishes the others', async () => {
    const batching = doubling();
    const scheduler = new BatchScheduler(batching);
    const controller = new AbortController();
    const lines = [1, 2, 3, 4, 5, 6, 7];
    const cancelled = expect(scheduler.run(lines, { signal: controller.signal })).rejects.toThrow('enough');
    const other = scheduler.run([10, 11]);
    await new Promise(setImmediate);
    controller.abort(new Error('enough'));
    await cancelled;
    expect(await other).toEqual([20, 22]);
    await scheduler.whenIdle(() => {});
    expect(batching.batches.flat()).not.toContain(4);
    await expect(scheduler.run([1], { signal: controller.signal })).rejects.toThrow('enough');
  });

  it('drops many calls that are cancelled together in a time that grows with their number', async () => {
    const scheduler = new BatchScheduler(doubling());
    const controllers = Array.from({ length: 10_000 }, () => new AbortController());
    const calls = controllers.map(({ signal }) => scheduler.run([1], { signal }).catch(() => 'cancelled'));
    const started = performance.now();
    for (const controller of controllers) controller.abort();
    expect(performance.now() - started).toBeLessThan(500); // a pass over all lines for each call takes seconds
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['cancelled']));
    expect(await scheduler.run([2])).toEqual([4]);
  });

  it('fails the calls of a batch that fails, and only those', async () => {
    const scheduler = new BatchScheduler(doubling());
    const [failing, fine] = [scheduler.run([-1, 50]), scheduler.run([51, 52, 53])];
    await expect(failing).rejects.toThrow('negative');
    await expect(fine).rejects.toThrow('negative'); // it shares the first batch
    expect(await scheduler.run([7])).toEqual([14]);
  });

  it('reports the finished lines of a call', async () => {
    const seen: (readonly [number, number])[] = [];
    await new BatchScheduler(doubling()).run([1, 2, 3, 4], { onProgress: (...counts) => seen.push(counts) });
    expect(seen).toEqual([
      [3, 4],
      [4, 4],
    ]);
  });

  it('loses no line of any calls, whenever they arrive or are cancelled', async () => {
    const calls = fc.array(
      fc.record({
        lines: fc.array(fc.nat(99), { maxLength: 9 }),
        turn: fc.nat(4),
        cancelAfter: fc.option(fc.nat(3), { nil: null }),
      }),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(calls, async (planned) => {
        const scheduler = new BatchScheduler(doubling());
        await Promise.all(
          planned.map(async ({ lines, turn, cancelAfter }) => {
            for (let wait = 0; wait < turn; wait++) await new Promise(setImmediate);
            const controller = new AbortController();
            const result = scheduler.run(lines, { signal: controller.signal }).catch((error: unknown) => error);
            if (cancelAfter !== null) {
              for (let wait = 0; wait < cancelAfter; wait++) await new Promise(setImmediate);
              controller.abort('cancelled');
            }
            const outcome = await result;
            if (cancelAfter === null || outcome !== 'cancelled') expect(outcome).toEqual(lines.map((line) => 2 * line));
          }),
        );
      }),
    );
  });
});
