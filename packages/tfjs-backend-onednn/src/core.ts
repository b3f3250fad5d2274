import { loadTfjs } from './load-tfjs.js';

const { core, cpu } = loadTfjs();

/** The parts of tfjs that this package uses. */
export const {
  backend,
  backend_util,
  broadcast_util,
  engine,
  findBackend,
  findBackendFactory,
  getKernel,
  getKernelsForBackend,
  registerBackend,
  registerKernel,
  slice_util,
  util,
} = core;
export const { MathBackendCPU } = cpu;
