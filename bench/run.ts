/** `npm run bench`: all benchmarks in short form; `npm run bench -- NAME [flags]`: one of them in full. */
import { spawnSync } from 'node:child_process';
import { inRepository } from './harness/paths.js';

const BENCHMARKS = [
  ...[
    'gemm',
    'training-step',
    'javascript-floor',
    'generation',
    'preprocess',
    'text',
    'moses',
    'text-memory',
    'scaling',
    'collectives',
  ],
];
/** Benchmarks that require a trained model or Open MPI; they run by name only. */
const OF_A_CHECKPOINT = ['bfloat16-gradient', 'contention', 'distributed', 'server'];

const [first, ...rest] = process.argv.slice(2);
const one = first !== undefined && !first.startsWith('-') ? first : null;
const known = [...BENCHMARKS, ...OF_A_CHECKPOINT];
if (first === '--help' || first === '-h') {
  console.log(
    'usage: npm run bench -- [NAME] [flags]   without a name all, in their short form; bench/README.md says more',
  );
  console.log(`names: ${known.join(', ')}`);
  console.log('flags: npm run bench -- NAME --help');
  process.exit();
}
if (one !== null && !known.includes(one)) {
  console.error(`bench: there is no benchmark '${one}'; choose one of ${known.join(', ')}`);
  process.exit(2);
}
const flags = one === null ? [...process.argv.slice(2), '--short'] : rest;
for (const name of one === null ? BENCHMARKS : [one]) {
  const { status } = spawnSync(process.execPath, [inRepository(`dist/bench/${name}.js`), ...flags], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
