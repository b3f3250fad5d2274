import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Provenance } from '../experiments/provenance.js';
import { version } from './version.js';

/** What computes here: versions, the commit of a git checkout, the processor. */
export async function provenance(): Promise<Provenance> {
  return {
    version,
    commit: await commit(),
    node: process.version,
    processor: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`,
  };
}

/** The commit of this checkout, marked `-dirty` if files differ from it; null outside of a checkout. */
async function commit(): Promise<string | null> {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('git', ['-C', here, ...args])).stdout.trim();
  try {
    // An installed package can lie in somebody else's checkout.
    if (!/^(dist\/)?src\/cli\/$/.test(await git('rev-parse', '--show-prefix'))) return null;
    return await git('describe', '--always', '--dirty', '--abbrev=12');
  } catch {
    return null; // an installed package, or no git
  }
}
