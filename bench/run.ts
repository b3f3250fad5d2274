/** `npm run bench`: every benchmark in its short form; `npm run bench -- NAME [flags]`: one of them, in full. */
import { spawnSync } from 'node:child_process';
import { inRepository } from './harness/paths.js';

const BENCHMARKS = ['gemm', 'training-step', 'generation', 'preprocess', 'text', 'text-memory', 'scaling'];

const [first, ...rest] = process.argv.slice(2);
const one = first !== undefined && !first.startsWith('-') ? first : null;
if (one !== null && !BENCHMARKS.includes(one)) {
  console.error(`bench: no benchmark '${one}'; there are ${BENCHMARKS.join(', ')}`);
  process.exit(2);
}
const flags = one === null ? [...process.argv.slice(2), '--short'] : rest;
for (const name of one === null ? BENCHMARKS : [one]) {
  const { status } = spawnSync(process.execPath, [inRepository(`dist/bench/${name}.js`), ...flags], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
