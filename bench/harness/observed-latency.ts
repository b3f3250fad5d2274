/**
 * Translates a line repeatedly: once for each line on stdin. Reports the time of each translation, so that several processes can
 * take turns. `node observed-latency.js PROJECT PATH DATA THREADS LINE`; PROJECT is a compiled checkout.
 */
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import type * as Library from '../../src/index.js';

export interface ObservedTranslation {
  readonly seconds: number;
  readonly cpuSeconds: number; // of all threads
}

const [project, path, data, threads, line] = process.argv.slice(2) as [string, string, string, string, string];
const { Translator } = (await import(pathToFileURL(`${project}/dist/src/index.js`).href)) as typeof Library;
const translator = await Translator.load({ path, data, device: 'cpu', threads: Number(threads), inline: true });

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

for await (const _ of createInterface({ input: process.stdin })) {
  const [start, cpuStart] = [performance.now(), cpuSeconds()];
  await translator.translate([line]);
  const observed: ObservedTranslation = {
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: cpuSeconds() - cpuStart,
  };
  process.stdout.write(`${JSON.stringify(observed)}\n`);
}
translator.dispose();
