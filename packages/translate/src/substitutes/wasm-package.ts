import { fileURLToPath } from 'node:url';
import type * as Original from '../../../../src/devices/wasm-package.js';
import { tensorFlow } from './tensorflow.js';

/** Loads the WebAssembly backend, which registers itself. */
export const loadWasmPackage: (typeof Original)['loadWasmPackage'] = async () => {
  tensorFlow().wasm.setWasmPaths(fileURLToPath(new URL('./wasm/', import.meta.url)));
};
