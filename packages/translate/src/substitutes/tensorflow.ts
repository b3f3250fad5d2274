import { createRequire } from 'node:module';
import type * as Cpu from '@tensorflow/tfjs-backend-cpu';
import type * as Wasm from '@tensorflow/tfjs-backend-wasm';
import type * as Core from '@tensorflow/tfjs-core';

/** The parts of TensorFlow.js in the file tensorflow.cjs of the bundle. Each is loaded when it is first read. */
export interface TensorFlow {
  readonly core: typeof Core;
  readonly cpu: typeof Cpu;
  readonly wasm: typeof Wasm;
}

/** Loads the file. */
export const tensorFlow = (): TensorFlow => createRequire(import.meta.url)('./tensorflow.cjs') as TensorFlow;
