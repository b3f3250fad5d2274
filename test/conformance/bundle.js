import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = dirname(fileURLToPath(import.meta.url));

/**
 * Two specs that move data between backends name tfjs-backend-cpu, although their comment says that "this test will
 * work for any backend". Here they get two instances of the backend under test.
 */
const anyBackendSwitches = {
  name: 'any-backend-switches',
  setup({ onLoad }) {
    onLoad({ filter: /tfjs-core\/dist\/engine_test\.js$/ }, async ({ path }) => {
      const parts = (await readFile(path, 'utf8')).split("'cpu'");
      if (parts.length !== 5) throw new Error(`${path}: 'cpu' stands there ${parts.length - 1} times, not 4`);
      return { contents: parts.join('process.argv[2]') };
    });
  },
};

/** The specs use the ES modules of tfjs-core, so src/core.ts must import the same ones. */
const coreAsModules = {
  name: 'core-as-modules',
  setup({ onLoad }) {
    onLoad({ filter: /tfjs-backend-\w+\/src\/core\.ts$/ }, () => ({
      contents: "export * from '@tensorflow/tfjs-core'; export { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';",
      resolveDir: folder,
    }));
  },
};

/**
 * Bundles specs.ts, tfjs-core with all of its specs, and both backends into one file. Returns its path.
 * @param {string} root the folder of the package, whose test/conformance/environment.ts registers its backend
 * @throws Error if the bundle would contain tfjs-core twice
 */
export async function bundleSpecs(root) {
  // One folder below the package, like its sources, so that it finds the add-on.
  const bundle = join(root, 'build', 'conformance.js');
  const parts = [join(root, 'test', 'conformance', 'environment.ts'), join(folder, 'specs.ts')]; // in this order
  const contents = parts.map((path) => `import ${JSON.stringify(path)};`).join('\n');
  const { metafile } = await build({
    stdin: { contents, resolveDir: folder, loader: 'ts' },
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'], // tests.js imports tfjs-core's ES modules, so everything else must too
    ignoreAnnotations: true, // tfjs-core does not declare that tests.js has side effects
    alias: { 'jasmine-core/lib/jasmine-core/jasmine.js': join(folder, 'jasmine-for-tfjs.ts') },
    external: ['jasmine-core'],
    plugins: [anyBackendSwitches, coreAsModules],
    // For the CommonJS modules in the bundle.
    banner: { js: "const require = (await import('node:module')).createRequire(import.meta.url);" },
    logLevel: 'error',
    metafile: true,
  });
  const copies = Object.keys(metafile.inputs).filter((path) => /tfjs-core\/dist\/(engine|tf-core\..*)\.js$/.test(path));
  if (copies.length !== 1) throw new Error(`tfjs-core is in the bundle more than once: ${copies.join(', ')}`);
  return bundle;
}
