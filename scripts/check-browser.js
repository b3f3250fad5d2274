/**
 * Checks that models, criterions, operations, the search and sacrebleu-ts run in a browser: bundles them and fails if they import
 * a module of Node. Part of `npm run check`.
 */
import { build } from 'esbuild';

const contents = `
  export * from './dist/criterions/index.js';
  export * from './dist/models/index.js';
  export * from './dist/src/search/index.js';
  export * from './dist/src/ops/row-scores.js';
  export * as sacrebleu from './packages/sacrebleu-ts/dist/index.js';
`;

const result = await build({
  stdin: { contents, resolveDir: new URL('..', import.meta.url).pathname, loader: 'ts' },
  bundle: true,
  platform: 'browser',
  format: 'esm',
  minify: true,
  write: false,
  mainFields: ['browser', 'module', 'main'],
  logLevel: 'error',
}).catch(() => process.exit(1));

const megabytes = (result.outputFiles[0].contents.length / 1e6).toFixed(1);
console.log(`browser bundle: ${megabytes} MB, without modules of Node`);
