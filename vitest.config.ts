import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      'mpi-native/local': path('packages/mpi-native/src/local-world.ts'),
      'mpi-native': path('packages/mpi-native/src/index.ts'),
      'sacrebleu-ts/format': path('packages/sacrebleu-ts/src/python-text.ts'),
      'sacrebleu-ts': path('packages/sacrebleu-ts/src/index.ts'),
      'sentencepiece-native': path('packages/sentencepiece-native/src/index.ts'),
      'tfjs-backend-cuda': path('packages/tfjs-backend-cuda/src/index.ts'),
      'tfjs-backend-onednn/search': path('packages/tfjs-backend-onednn/src/search.ts'),
      'tfjs-backend-onednn': path('packages/tfjs-backend-onednn/src/index.ts'),
      'ts-fairseq': path('src/index.ts'),
    },
  },
  test: {
    include: ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
    // The native kernels use every core, so parallel test processes would not be faster.
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One thread unless set: faster for small shapes, and steadier while other processes run.
    env: { OMP_NUM_THREADS: process.env.OMP_NUM_THREADS ?? '1' },
    reporters: ['default', './test/helpers/count-reporter.ts'],
  },
});
