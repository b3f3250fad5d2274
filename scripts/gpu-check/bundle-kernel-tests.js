// Bundles the tests of the CUDA kernels into one file that needs neither vitest nor node_modules.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = dirname(fileURLToPath(import.meta.url));
const tests = join(folder, '../../packages/tfjs-backend-cuda/test/host');

/** Tests of the emulated cuBLASLt: its version and its rules. */
const OF_THE_EMULATION = new Set(['cublaslt.test.ts']);

/** @param {string} outfile one folder below the package, so that src/driver.ts finds the add-on */
export async function bundleKernelTests(outfile) {
  const names = readdirSync(tests).filter((name) => name.endsWith('.test.ts') && !OF_THE_EMULATION.has(name));
  const imports = names.map((name) => `import ${JSON.stringify(join(tests, name))};`);
  const contents = `${imports.join('\n')}\nimport { runAll } from 'vitest';\nprocess.exitCode = (await runAll()) ? 0 : 1;`;
  await build({
    stdin: { contents, resolveDir: folder, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    alias: { vitest: join(folder, 'tests-in-a-bundle.ts') },
    banner: { js: "const require = (await import('node:module')).createRequire(import.meta.url);" },
    logLevel: 'error',
  });
}
