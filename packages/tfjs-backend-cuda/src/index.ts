export { type ArenaTarget, adamStep, collectGradients, DeviceArena, movingAverage } from './arena.js';
export type { CudaBackend, Profile, Statistics } from './backend.js';
export type { DeviceInfo } from './driver.js';
export type { AdamScalars, GradientScaling } from './host/arena.js';
export { emulatedDriver } from './modules.js';
export { OutOfDeviceMemory } from './pool.js';
export type { CopyProfile, KernelProfile } from './recorder.js';
export {
  backendName,
  type CudaOptions,
  CudaUnavailable,
  driverLibrary,
  findDevices,
  openDevice,
  registerCudaBackend,
} from './register.js';
export type { SourceRows } from './search/encode.js';
export { type PackedTransformer, packTransformer } from './search/packed-transformer.js';
export type { WeightValues } from './search/packed-weights.js';
export type { StackSizes, TransformerSizes } from './search/transformer-sizes.js';
export { type Figures, type LateFigures, UpdateGuard, type UpdateScalars } from './update-guard.js';
