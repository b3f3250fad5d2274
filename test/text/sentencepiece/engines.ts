import { isAvailable } from 'sentencepiece-native';

/** The engines that this machine has: WebAssembly always, the add-on where it is built. */
export const hasNative = isAvailable().available;
export const ENGINES: readonly ('native' | 'wasm')[] = hasNative ? ['native', 'wasm'] : ['wasm'];
