import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Loads TensorFlow.js's WebAssembly backend, which registers itself. */
export async function loadWasmPackage(): Promise<void> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(join(dirname(main), '/')); // the folder of its .wasm files
}
