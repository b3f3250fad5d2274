import { expect } from 'vitest';

const SIZE = 12_500;
const FACTOR = 4;
/** Linear work takes FACTOR times as long, quadratic work FACTOR² times. Busy machines need a margin. */
const MOST_GROWTH = 8;
/** Shorter times are not meaningful. A quadratic pattern takes a second at FACTOR · SIZE. */
const FLOOR_MILLISECONDS = 10;
const TRIES = 5;

/** Expects that the time of `work` grows like n or n · log n, where `text` makes a text of n characters. */
export function expectLinearGrowth(work: (text: string) => unknown, text: (length: number) => string): void {
  const large = text(FACTOR * SIZE);
  if (bestTime(work, large, MOST_GROWTH * FLOOR_MILLISECONDS) <= MOST_GROWTH * FLOOR_MILLISECONDS) return;
  const limit = MOST_GROWTH * bestTime(work, text(SIZE), 0);
  expect(bestTime(work, large, limit), `a run of '${large.slice(0, 10)}…'`).toBeLessThanOrEqual(limit);
}

/** The shortest processor time of several tries, in milliseconds; stops at the first that is short enough. */
function bestTime(work: (text: string) => unknown, text: string, enough: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let count = 0; count < TRIES && best > enough; count += 1) {
    const start = process.cpuUsage();
    work(text);
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

/** Long runs that may make patterns slow, alone, inside a line and at its ends. */
export function longRuns(): { run: string; text: (length: number) => string }[] {
  const units = [' ', '.', ',', '1', "'", '-', '"', '(', '<', '&', '|', 'a', '漢', '\u0301', '\t', '\u3000', '\u00a0'];
  const pairs = [' .', 'a ', '. ', 'a.', '@@', '@-@ ', '&amp;', '<a ', '<> ', '|<b>', '<seg ', '</seg>', ',"', "a'"];
  const longer = ['... ', '"a" ', '."', '1,', '« ', 'a-b', '0-0 ', '😀'];
  const ends = [
    ['', ''],
    ['a', 'b'],
    ['"', ''],
  ];
  return [...units, ...pairs, ...longer].flatMap((run) =>
    ends.map(([first = '', last = '']) => ({
      run: `${first}${run}…${last}`,
      text: (length) => first + run.repeat(Math.ceil(length / run.length)) + last,
    })),
  );
}
