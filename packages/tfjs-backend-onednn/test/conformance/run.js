// Runs tfjs-core's own specs (@tensorflow/tfjs-core/dist/tests.js) on tfjs-backend-cpu and on every build of this
// backend that the processor can run, each in a separate process. Fails if a spec fails, or if a spec that
// tfjs-backend-cpu runs does not run here or leaves more data behind.
//   node test/conformance/run.js
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleSpecs } from './bundle.js';
import { compare } from './compare.js';

const BUILDS = ['baseline', 'v3', 'v4']; // each needs a larger instruction set than the one before
const ONEDNN_ISAS = { baseline: 'SSE41', v3: 'AVX2', v4: 'ALL' }; // the limit for oneDNN in these runs
const build = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'build');
const folder = join(build, process.env.TFJS_ONEDNN_FOLDER ?? 'Release');

function usableBuilds() {
  const baseline = join(folder, 'onednn_baseline.node');
  if (!existsSync(baseline)) throw new Error(`the native add-on is not built (${baseline} is missing)`);
  const best = createRequire(import.meta.url)(baseline).bestBuild();
  return BUILDS.slice(0, BUILDS.indexOf(best) + 1);
}

/** Runs all specs on a backend. `label` is the backend's name and, after a space, its build. */
function runSpecs(bundle, label) {
  const [backend, build] = label.split(' ');
  const started = performance.now();
  // The specs' tensors are small; more threads would only wait for each other.
  const ofBuild = build && { TFJS_ONEDNN_BUILD: build, ONEDNN_MAX_CPU_ISA: ONEDNN_ISAS[build] };
  const env = { OMP_NUM_THREADS: '1', ...process.env, ...ofBuild };
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
const builds = usableBuilds();
const bundle = await bundleSpecs();
const reference = await runSpecs(bundle, 'cpu');
const runs = [reference];
for (const build of builds) runs.push(await runSpecs(bundle, `onednn ${build}`));

const problems = runs.flatMap((run) => compare(run, reference));
for (const problem of problems) console.log(`${problem}\n`);
for (const run of runs) console.log(`${run.label.padEnd(16)}${describe(run)}, ${run.seconds.toFixed(1)} s`);
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(`tfjs-core's specs on onednn: ${describe(runs.at(-1))}; ${problems.length} problems; ${seconds} s`);
process.exitCode = problems.length === 0 ? 0 : 1;
