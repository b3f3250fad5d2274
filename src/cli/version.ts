import { createRequire } from 'node:module';

/** Reads the version from package.json, three folders above dist/src/cli or two above src/cli. */
function readVersion(): string {
  const require = createRequire(import.meta.url);
  for (const candidate of ['../../package.json', '../../../package.json']) {
    try {
      const manifest = require(candidate) as { name?: string; version?: string };
      if (manifest.name === 'ts-fairseq' && manifest.version !== undefined) return manifest.version;
    } catch {
      // not there: try the next folder
    }
  }
  return 'unknown';
}

/** The version of the package ts-fairseq. */
export const version = readVersion();
