import { spawnSync } from 'node:child_process';
import { isAvailable } from 'sentencepiece-native';

/** The engines available on this machine: WebAssembly, and the add-on if it is built. */
export const hasNative = isAvailable().available;
export const ENGINES: readonly ('native' | 'wasm')[] = hasNative ? ['native', 'wasm'] : ['wasm'];

/** Versions of the library train a few pieces differently; golden models are from 0.1.97, the version of Debian 12. */
export const hasGoldenLibrary =
  hasNative &&
  spawnSync('pkg-config', ['--modversion', 'sentencepiece'], { encoding: 'utf8' }).stdout?.trim() === '0.1.97';
