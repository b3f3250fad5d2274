/**
 * A program that translates with the library, and observes the delay of its event loop: a round for each line on stdin.
 * `node observed-event-loop.js FOLDER LINES THREADS`; a line on stdin is the number of seconds, and of calls at a time or 0.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { Translator } from '../../src/inference/translator.js';

/** The delay of the event loop, in seconds. */
export interface EventLoopReport {
  readonly p999: number;
  readonly worst: number;
  readonly translated: number; // texts
}

/** The texts of a call. */
const TEXTS = 100;

const [folder, file, threads] = process.argv.slice(2) as [string, string, string];
const texts = readFileSync(file, 'utf8').split('\n').slice(0, -1);
const translator = await Translator.load({ model: folder, threads: Number(threads) });

async function observe(seconds: number, calls: number): Promise<EventLoopReport> {
  const end = performance.now() + 1000 * seconds;
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  let [next, translated] = [0, 0];
  const caller = async (): Promise<void> => {
    while (performance.now() < end) {
      const wanted = Array.from({ length: TEXTS }, () => texts[next++ % texts.length]!);
      await translator.translateTexts(wanted);
      translated += wanted.length;
    }
  };
  histogram.enable();
  await Promise.all([
    new Promise((resolve) => setTimeout(resolve, 1000 * seconds)),
    ...Array.from({ length: calls }, caller),
  ]);
  histogram.disable();
  return { p999: histogram.percentile(99.9) / 1e9, worst: histogram.max / 1e9, translated };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [seconds, calls] = line.split(' ').map(Number) as [number, number];
  process.stdout.write(`${JSON.stringify(await observe(seconds, calls))}\n`);
}
translator.dispose();
