import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../../src/errors.js';
import { packageFolder as oneDnnFolder } from './substitutes/onednn-folder.js';
import { packageFolder as sentencePieceFolder } from './substitutes/sentencepiece-folder.js';

/**
 * Compiles the native add-ons. What is missing on this machine is printed, and the rest is compiled.
 * @throws UserError if the add-on that translates is not built then
 */
export function buildAddOns(): void {
  for (const folder of [oneDnnFolder, sentencePieceFolder]) runScript(folder, []);
  if (runScript(oneDnnFolder, ['--done']) !== 0) {
    throw new UserError(
      'the native add-on is not built, so translation runs on wasm',
      'install what it needs: g++, make, python3 and libdnnl-dev (Debian, Ubuntu)',
    );
  }
}

function runScript(folder: URL, args: readonly string[]): number | null {
  const script = fileURLToPath(new URL('scripts/build.js', folder));
  return spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' }).status;
}
