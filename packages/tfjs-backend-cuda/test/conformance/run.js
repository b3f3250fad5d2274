// Runs tfjs-core's own specs on tfjs-backend-cpu and on this backend with the emulated driver, once with the threads of a block
// in order and once backwards.
//   node test/conformance/run.js [--forwards]     --forwards: only in order
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testConformance } from '../../../../test/conformance/run-specs.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const orders = process.argv.includes('--forwards') ? ['forwards'] : ['forwards', 'backwards'];

// scripts/test-sanitized.sh has built its kernels.
if (process.env.TFJS_CUDA_EMULATION_FOLDER === undefined) {
  const built = spawnSync(process.execPath, [join(root, 'scripts', 'build-emulation.js')], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(1);
}
const cases = orders.map((order) => ({
  label: `cuda ${order}`,
  backend: 'cuda',
  env: { EMULATED_CUDA_ORDER: order },
}));
await testConformance(root, 'cuda (emulated)', cases);
