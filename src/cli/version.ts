import { createRequire } from 'node:module';

/** This package's version, from its package.json two folders above dist/src/cli (or one fewer from the sources). */
function readVersion(): string {
  const require = createRequire(import.meta.url);
  for (const candidate of ['../../package.json', '../../../package.json']) {
    try {
      const manifest = require(candidate) as { name?: string; version?: string };
      if (manifest.name === 'ts-fairseq' && manifest.version !== undefined) return manifest.version;
    } catch {
      // not at this depth
    }
  }
  return 'unknown';
}

/** The version of the package ts-fairseq. */
export const version = readVersion();
