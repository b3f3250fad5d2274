// Runs tfjs-core's own specs (@tensorflow/tfjs-core/dist/tests.js) on tfjs-backend-cpu and on this backend with the emulated
// driver, each in a separate process; here once with the threads of a block in order and once backwards. Fails if a spec fails, or
// if a spec that tfjs-backend-cpu runs does not run here or leaves more data behind.
//   node test/conformance/run.js [--forwards]     --forwards: only in order
import { fork, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleSpecs } from './bundle.js';
import { compare } from './compare.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const orders = process.argv.includes('--forwards') ? ['forwards'] : ['forwards', 'backwards'];

/** Runs all specs on a backend. `label` is the backend's name and, after a space, the order of threads. */
function runSpecs(bundle, label) {
  const [backend, order] = label.split(' ');
  const started = performance.now();
  const env = { ...process.env, ...(order && { EMULATED_CUDA_ORDER: order }) };
  return new Promise((resolve, reject) => {
    const child = fork(bundle, [backend], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const output = [];
    child.stdout.on('data', (text) => output.push(text));
    child.stderr.on('data', (text) => output.push(text));
    let report = null;
    child.on('message', (message) => {
      report = message;
    });
    child.on('close', (code, signal) => {
      if (report === null) reject(new Error(`${label}: the specs ended early (${signal ?? code})\n${output.join('')}`));
      else resolve({ label, backend, ...report, seconds: (performance.now() - started) / 1000 });
    });
  });
}

const count = ({ outcomes }, status) => outcomes.filter((outcome) => outcome.status === status).length;

function describe(run) {
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((status) => count(run, status));
  return `${passed + failed} executed, ${passed} passed, ${failed} failed, ${skipped} skipped`;
}

const started = performance.now();
// scripts/test-sanitized.sh has built its kernels.
if (process.env.TFJS_CUDA_EMULATION_FOLDER === undefined) {
  const built = spawnSync(process.execPath, [join(root, 'scripts', 'build-emulation.js')], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(1);
}
const bundle = await bundleSpecs();
const reference = await runSpecs(bundle, 'cpu');
const runs = [reference];
for (const order of orders) runs.push(await runSpecs(bundle, `cuda ${order}`));

const problems = runs.flatMap((run) => compare(run, reference));
for (const problem of problems) console.log(`${problem}\n`);
for (const run of runs) console.log(`${run.label.padEnd(16)}${describe(run)}, ${run.seconds.toFixed(1)} s`);
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(
  `tfjs-core's specs on cuda (emulated): ${describe(runs.at(-1))}; ${problems.length} problems; ${seconds} s`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
