import { describe, expect, it } from 'vitest';
import type { UpdateReport } from '../../src/training/statistics.js';
import { type StartedUpdate, UnreadUpdates } from '../../src/training/unread-updates.js';

/** A queue of updates whose reports arrive when a test says so, or when they are waited for. */
function queue(most?: number) {
  const [started, waited, received, discarded, arrived] = [[], [], [], [], new Set()] as [
    ...[number[], number[], string[], number[]],
    Set<number>,
  ];
  const unread = new UnreadUpdates<string>((report, position) => {
    received.push(`${position}: ${report.updates}`);
  }, most);
  const start = (number: number, failure: Error | null = null): StartedUpdate => {
    started.push(number);
    return {
      get isReported() {
        return arrived.has(number);
      },
      async report() {
        if (!arrived.has(number)) waited.push(number);
        if (failure !== null) throw failure;
        return { updates: number } as UpdateReport;
      },
      discard: () => void discarded.push(number),
    };
  };
  return { unread, start, arrived, waited, received, discarded };
}

describe('unread updates', () => {
  it('wait for the oldest report once four others are unread', async () => {
    const { unread, start, waited, received } = queue();
    for (let number = 1; number <= 6; number++) {
      await unread.add(start(number), `position ${number}`);
      expect(waited).toEqual([1, 2].slice(0, Math.max(0, number - 4)));
    }
    expect(received).toEqual(['position 1: 1', 'position 2: 2']);
    await unread.drain();
    expect(received).toEqual([1, 2, 3, 4, 5, 6].map((number) => `position ${number}: ${number}`));
    expect(waited).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are received without waiting as soon as they arrive, in order', async () => {
    const { unread, start, arrived, waited, received } = queue();
    for (const number of [1, 2, 3]) await unread.add(start(number), 'p');
    arrived.add(2).add(3);
    await unread.add(start(4), 'p');
    expect(received).toEqual([]); // the first one has not arrived
    arrived.add(1);
    await unread.add(start(5), 'p');
    expect(received).toEqual(['p: 1', 'p: 2', 'p: 3']);
    expect(waited).toEqual([]);
  });

  it('do not exist if every report is wanted at once', async () => {
    const { unread, start, received } = queue(0);
    for (const number of [1, 2]) {
      await unread.add(start(number), 'p');
      expect(received).toHaveLength(number);
    }
  });

  it('end with the error of the first one that failed; the others can be discarded', async () => {
    const { unread, start, received, discarded } = queue();
    await unread.add(start(1), 'p');
    await unread.add(start(2, new Error('not finite')), 'p');
    await unread.add(start(3), 'p');
    await expect(unread.drain()).rejects.toThrow('not finite');
    expect(received).toEqual(['p: 1']);
    unread.discard();
    expect(discarded).toEqual([3]);
    await unread.drain();
    expect(received).toEqual(['p: 1']);
  });
});
