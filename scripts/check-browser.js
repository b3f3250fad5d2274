/**
 * Models, criterions, operations, the search and sacrebleu-ts are to run in a browser too: bundles them for one and fails where
 * something of Node is imported. Part of `npm run check`.
 */
import { build } from 'esbuild';

const contents = `
  export * from './criterions/index.ts';
  export * from './models/index.ts';
  export * from './src/generation/index.ts';
  export * from './src/ops/row-scores.ts';
  export * as sacrebleu from './packages/sacrebleu-ts/src/index.ts';
`;

const result = await build({
  stdin: { contents, resolveDir: new URL('..', import.meta.url).pathname, loader: 'ts' },
  bundle: true,
  platform: 'browser',
  format: 'esm',
  minify: true,
  write: false,
  mainFields: ['module', 'main'],
  logLevel: 'error',
}).catch(() => process.exit(1));

const megabytes = (result.outputFiles[0].contents.length / 1e6).toFixed(1);
console.log(`browser bundle: ${megabytes} MB, nothing of Node in it`);
