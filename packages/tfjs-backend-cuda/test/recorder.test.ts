import { describe, expect, test } from 'vitest';
import { PROGRAM, Recorder } from '../src/recorder.js';

/** Events are numbers; the event n was passed at n milliseconds. */
function clock() {
  const waits: number[] = []; // the number of events before each reading
  const open = new Set<number>();
  let events = 0;
  return {
    waits,
    open,
    recordEvent(): number {
      open.add(events);
      return events++;
    },
    elapsed({ from, to }: { readonly from: number; readonly to: number }): number {
      waits.push(events);
      return to - from;
    },
    releaseEvent: ({ event }: { readonly event: number }): void => void open.delete(event),
  };
}

describe('a profile', () => {
  test('adds the times and floating-point operations of a kernel, and lists the slowest first', () => {
    const recorder = new Recorder(clock());
    for (const name of ['add', 'multiply', 'multiply']) recorder.launched(name, name === 'add' ? 0 : 10, () => {});
    expect(recorder.end().kernels).toEqual([
      { name: 'multiply', calls: 2, milliseconds: 2, flops: 20 },
      { name: 'add', calls: 1, milliseconds: 1, flops: 0 },
    ]);
  });

  test('waits for no launch that is among the last hundreds, until it ends', () => {
    const driver = clock();
    const recorder = new Recorder(driver);
    for (let launch = 0; launch < 3000; launch++) recorder.launched('add', 0, () => {});
    expect(driver.waits.length).toBeGreaterThan(0);
    for (const [launch, events] of driver.waits.entries()) expect(events - 2 * launch).toBeGreaterThan(1000);
    expect(driver.open.size).toBeLessThan(2500);
    expect(recorder.end().kernels).toEqual([{ name: 'add', calls: 3000, milliseconds: 3000, flops: 0 }]);
    expect(driver.open.size).toBe(0);
  });

  test('counts copies for the operation that runs, the largest first, and leaves out those that copy nothing', () => {
    const recorder = new Recorder(clock());
    recorder.copiedToDevice(8);
    recorder.borrowed('Cumsum', () => recorder.copiedToHost(100));
    expect(() =>
      recorder.borrowed('Cumsum', () => {
        throw new Error('of the kernel');
      }),
    ).toThrow('of the kernel');
    recorder.during('Cumsum', () => recorder.copiedToDevice(50));
    recorder.copiedToHost(4);
    recorder.borrowed('Reshape', () => {});
    expect(recorder.end().copies).toEqual([
      { name: 'Cumsum', calls: 2, bytesToHost: 100, bytesToDevice: 50 },
      { name: PROGRAM, calls: 0, bytesToHost: 4, bytesToDevice: 8 },
    ]);
  });
});
