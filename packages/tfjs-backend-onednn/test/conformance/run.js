// Runs tfjs-core's own specs on tfjs-backend-cpu and on every build of this backend that the processor can run.
//   node test/conformance/run.js
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testConformance } from '../../../../test/conformance/run-specs.js';

const BUILDS = ['baseline', 'v3', 'v4']; // each needs a larger instruction set than the one before
const ONEDNN_ISAS = { baseline: 'SSE41', v3: 'AVX2', v4: 'ALL' }; // the limit for oneDNN in these runs
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, 'build', process.env.TFJS_ONEDNN_FOLDER ?? 'Release');

function usableBuilds() {
  const baseline = join(folder, 'onednn_baseline.node');
  if (!existsSync(baseline)) throw new Error(`the native add-on is not built (${baseline} is missing)`);
  const best = createRequire(import.meta.url)(baseline).bestBuild();
  return BUILDS.slice(0, BUILDS.indexOf(best) + 1);
}

// The specs' tensors are small; more threads would only wait for each other.
process.env.OMP_NUM_THREADS ??= '1';
const cases = usableBuilds().map((build) => ({
  label: `onednn ${build}`,
  backend: 'onednn',
  env: { TFJS_ONEDNN_BUILD: build, ONEDNN_MAX_CPU_ISA: ONEDNN_ISAS[build] },
}));
await testConformance(root, 'onednn', cases);
