import fc from 'fast-check';
import { localWorlds } from 'mpi-native/local';
import { describe, expect, it } from 'vitest';
import { alone, interleave, Workers } from '../../src/distributed/workers.js';
import { UserError } from '../../src/errors.js';

const workersOf = (size: number): Workers[] => localWorlds(size).map((world) => new Workers(world));

/** What each rank's promise comes to: a value, an error, or `waits` if rank 0 has settled and this one has not. */
async function outcomes<T>(workers: readonly Workers[], work: (one: Workers) => Promise<T>): Promise<unknown[]> {
  const settled: unknown[] = workers.map(() => 'waits');
  const all = workers.map(async (one, rank) => {
    settled[rank] = await work(one).then(
      (value) => value,
      (error: unknown) => error,
    );
  });
  await all[0];
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('the items of several ranks', () => {
  it('are divided and collected again without loss, in their order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer()), fc.integer({ min: 1, max: 5 }), async (items, size) => {
        const collected = await Promise.all(workersOf(size).map((one) => one.collect(one.shareOf(items))));
        for (const list of collected) expect(list).toEqual(items);
      }),
    );
  });

  it('have the indices that they have among all items', () => {
    const items = [...'abcdefg'];
    for (const one of workersOf(3)) {
      for (const [at, item] of one.shareOf(items).entries()) expect(items[one.indexOf(at)]).toBe(item);
    }
  });

  it('are merged also if some ranks have fewer', () => {
    expect(interleave([['a', 'd'], ['b'], ['c']])).toEqual(['a', 'b', 'c', 'd']);
    expect(interleave([[], []])).toEqual([]);
  });
});

describe('an exchange', () => {
  it('gives every rank the values of all, in rank order, with numbers that JSON has not', async () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, -0];
    const received = await Promise.all(workersOf(3).map((one) => one.exchange({ value: values[one.rank] })));
    for (const list of received) expect(list).toEqual(values.map((value) => ({ value })));
  });

  it('tells all ranks the reason of the first that wants to stop, and keeps it', async () => {
    const workers = workersOf(3);
    let wish: string | null = null;
    workers[2]!.stopWhen(() => wish);
    const reasons = async (): Promise<(string | null)[]> => {
      await Promise.all(workers.map((one) => one.exchange(null)));
      return workers.map((one) => one.reasonToStop);
    };
    expect(await reasons()).toEqual([null, null, null]);
    wish = 'interrupted';
    expect(workers.map((one) => one.reasonToStop)).toEqual([null, null, null]); // the others do not know it yet
    expect(await reasons()).toEqual(['interrupted', 'interrupted', 'interrupted']);
    wish = null;
    expect(await reasons()).toEqual(['interrupted', 'interrupted', 'interrupted']);
  });

  it('is not needed by a process that runs alone', async () => {
    const value = {};
    const one = alone();
    one.stopWhen(() => 'interrupted');
    expect((await one.exchange(value))[0]).toBe(value);
    expect(one.reasonToStop).toBe('interrupted');
    await one.leave();
  });
});

describe('work that ranks do together', () => {
  it('has the result of each rank if it succeeds on all', async () => {
    expect(await outcomes(workersOf(3), (one) => one.together(() => 10 * one.rank))).toEqual([0, 10, 20]);
  });

  it.each([
    ['of the others is named', [1, 2], 'rank 1 of 3 (localhost): no 1; add it'],
    ['on all with different messages is named', [0, 1, 2], 'rank 0 of 3 (localhost): no 0; add it'],
  ])('an error %s, by rank 0; the others wait', async (_, failing, message) => {
    const workers = workersOf(3);
    const [first, ...others] = await outcomes(workers, (one) =>
      one.together(() => {
        if (failing.includes(one.rank)) throw new UserError(`no ${one.rank}`, 'add it');
      }),
    );
    expect(first).toBeInstanceOf(UserError);
    expect((first as Error).message).toBe(message);
    expect(workers[0]!.isOfAll(first)).toBe(true);
    expect(others).toEqual(['waits', 'waits']);
  });

  it('the same error on all ranks is reported once and names none', async () => {
    const error = new UserError('no file', 'add it');
    const [first, ...others] = await outcomes(workersOf(3), (one) =>
      one.together(() => {
        throw error;
      }),
    );
    expect(first).toBe(error);
    expect(others).toEqual(['waits', 'waits']);
  });

  it('a defect is thrown at once', async () => {
    const [workers] = [workersOf(2)];
    await expect(
      workers[1]!.together(() => {
        throw new TypeError('x is not a function');
      }),
    ).rejects.toThrow(TypeError);
  });
});

describe('a comparison of the ranks', () => {
  const things =
    (differing: number) =>
    ({ rank }: Workers): (readonly [string, string])[] => [
      ['version', '1'],
      ['training data', rank === differing ? 'b' : 'a'],
    ];

  it('passes if all have the same', async () => {
    expect(await outcomes(workersOf(3), (one) => one.checkSame(things(-1)(one)))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each([0, 1, 2])('names the thing and the rank that differs from most: %i', async (rank) => {
    const [error] = await outcomes(workersOf(3), (one) => one.checkSame(things(rank)(one)));
    expect(String(error)).toContain(
      `the training data of rank ${rank} of 3 (localhost) differs from that of the other`,
    );
  });

  it('names a thing that a rank lacks', async () => {
    const [error] = await outcomes(workersOf(2), (one) => one.checkSame(things(-1)(one).slice(one.rank)));
    expect(String(error)).toContain('the version of rank 1 of 2');
  });
});
