import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growingWindows } from '../../src/inference/growing-windows.js';

const sizes = { first: 2, largest: 7, growth: 2 };

async function collect<T>(windows: AsyncIterable<T[]>): Promise<T[][]> {
  const all: T[][] = [];
  for await (const window of windows) all.push(window);
  return all;
}

describe('windows over a stream', () => {
  it.each([
    { count: 0, lengths: [] },
    { count: 1, lengths: [1] },
    { count: 2, lengths: [2] },
    { count: 20, lengths: [2, 4, 7, 7] },
    { count: 22, lengths: [2, 4, 7, 7, 2] },
  ])('grow until they are as large as they may be: $count', async ({ count, lengths }) => {
    const windows = await collect(growingWindows(Array.from({ length: count }).keys(), sizes));
    expect(windows.map(({ length }) => length)).toEqual(lengths);
  });

  it('contain every item once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer()), async (items) => {
        expect((await collect(growingWindows(items, sizes))).flat()).toEqual(items);
      }),
    );
  });

  it('are yielded before the stream has ended', async () => {
    async function* endless(): AsyncGenerator<number> {
      for (let item = 0; ; item++) yield item;
    }
    const windows = growingWindows(endless(), sizes);
    expect((await windows.next()).value).toEqual([0, 1]);
    await windows.return(undefined);
  });
});
