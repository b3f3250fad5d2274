import { spawnSync } from 'node:child_process';
import { isAvailable } from 'sentencepiece-native';

/** The engines that this machine has: WebAssembly always, the add-on where it is built. */
export const hasNative = isAvailable().available;
export const ENGINES: readonly ('native' | 'wasm')[] = hasNative ? ['native', 'wasm'] : ['wasm'];

/** Versions of the library train a few pieces differently; golden models are 0.1.97's, which Debian 12 has. */
export const hasGoldenLibrary =
  hasNative &&
  spawnSync('pkg-config', ['--modversion', 'sentencepiece'], { encoding: 'utf8' }).stdout?.trim() === '0.1.97';
