import { fork } from 'node:child_process';
import { bundleSpecs } from './bundle.js';
import { compare } from './compare.js';

/** Runs all specs on a backend. @param {{ label: string, backend: string, env?: Record<string, string> }} run */
function runSpecs(bundle, { label, backend, env = {} }) {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = fork(bundle, [backend], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
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

/**
 * Runs tfjs-core's own specs (@tensorflow/tfjs-core/dist/tests.js) on tfjs-backend-cpu and on a package's backend, each in a
 * separate process, and prints a line per run. The exit status is 1 if a spec fails, or if a spec that tfjs-backend-cpu runs
 * does not run on the package's backend or leaves more data behind.
 * @param {string} root the folder of the package
 * @param {string} title of the last line
 * @param {readonly { label: string, backend: string, env?: Record<string, string> }[]} cases
 */
export async function testConformance(root, title, cases) {
  const started = performance.now();
  const bundle = await bundleSpecs(root);
  const reference = await runSpecs(bundle, { label: 'cpu', backend: 'cpu' });
  const runs = [reference];
  for (const one of cases) runs.push(await runSpecs(bundle, one));

  const problems = runs.flatMap((run) => compare(run, reference));
  for (const problem of problems) console.log(`${problem}\n`);
  for (const run of runs) console.log(`${run.label.padEnd(16)}${describe(run)}, ${run.seconds.toFixed(1)} s`);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`tfjs-core's specs on ${title}: ${describe(runs.at(-1))}; ${problems.length} problems; ${seconds} s`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
