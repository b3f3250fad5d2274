// Builds the package into dist/ from the sources of the repository: a bundle, the declarations of its types, the sources of the
// native add-ons, WebAssembly, the server's page, and the licenses of what the bundle contains.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { licenses } from './licenses.js';
import { here, root, substituteModules, substituteTypes } from './substitutes.js';

const dist = join(here, 'dist');
const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));

/** What the bundle contains of npm packages: TensorFlow.js would be 66 MB, valibot 2 MB. Others are dependencies, which npm updates. */
const BUNDLED = /^(?:@tensorflow\/tfjs-(?:core|backend-cpu|backend-wasm)|seedrandom|valibot|@valibot\/to-json-schema)$/;

/** TensorFlow.js in one file, each part of which is loaded when it is first read. */
const TENSORFLOW = `
module.exports = {
  get core() { return require('@tensorflow/tfjs-core'); },
  get cpu() { return require('@tensorflow/tfjs-backend-cpu'); },
  get wasm() { return require('@tensorflow/tfjs-backend-wasm'); },
};
`;

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  metafile: true,
  logLevel: 'warning',
};

function bundleTensorFlow() {
  return build({
    ...common,
    stdin: { contents: TENSORFLOW, resolveDir: root },
    format: 'cjs',
    alias: { 'node-fetch': join(here, 'src/substitutes/node-fetch.ts') },
    minify: true,
    legalComments: 'none', // licenses() has them
    outfile: join(dist, 'tensorflow.cjs'),
  });
}

function bundleSources() {
  return build({
    ...common,
    entryPoints: {
      index: join(here, 'src/index.ts'),
      'command-line': join(here, 'src/command-line.ts'),
      'translation-worker': join(root, 'src/inference/translation-worker.ts'),
    },
    alias: {
      'sentencepiece-native': join(root, 'packages/sentencepiece-native/src/index.ts'),
      'tfjs-backend-onednn/search': join(root, 'packages/tfjs-backend-onednn/src/search.ts'),
      'tfjs-backend-onednn': join(root, 'packages/tfjs-backend-onednn/src/index.ts'),
      'sacrebleu-ts/format': join(root, 'packages/sacrebleu-ts/src/python-text.ts'),
    },
    external: Object.keys(dependencies),
    plugins: [substituteModules()],
    format: 'esm',
    splitting: true,
    chunkNames: '[name]-[hash]', // beside the entries: modules find files from there
    mainFields: ['module', 'main'],
    outdir: dist,
  });
}

/** Writes the types into one file. @throws Error if it would import types of a package: then users had to install that */
async function writeTypes() {
  const bundle = await rollup({
    input: join(here, 'src/index.ts'),
    treeshake: { moduleSideEffects: false },
    plugins: [substituteTypes(), dts({ tsconfig: join(here, 'tsconfig.json') })],
    onwarn({ code, message }) {
      if (code !== 'UNUSED_EXTERNAL_IMPORT') throw new Error(message);
    },
  });
  const { output } = await bundle.write({ file: join(dist, 'index.d.ts'), format: 'es' });
  if (output[0].imports.length > 0) throw new Error(`the types import ${output[0].imports.join(', ')}`);
}

function copyFiles() {
  for (const name of ['tfjs-backend-onednn', 'sentencepiece-native']) {
    for (const part of ['cc', 'binding.gyp', 'scripts/build.js'])
      cpSync(join(root, 'packages', name, part), join(dist, 'native', name, part), { recursive: true });
  }
  const wasm = join(root, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');
  for (const name of ['', '-simd', '-threaded-simd'])
    cpSync(join(wasm, `tfjs-backend-wasm${name}.wasm`), join(dist, `wasm/tfjs-backend-wasm${name}.wasm`));
  cpSync(join(root, 'web'), join(dist, 'web'), { recursive: true });
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const bundles = [await bundleTensorFlow(), await bundleSources()];
writeFileSync(
  join(dist, 'THIRD-PARTY-LICENSES.txt'),
  licenses(
    bundles.map(({ metafile }) => metafile),
    BUNDLED,
  ),
);
await writeTypes();
copyFiles();
