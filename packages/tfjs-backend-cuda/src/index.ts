export { type ArenaTarget, adamStep, collectGradients, DeviceArena } from './arena.js';
export type { CudaBackend, Profile, Statistics } from './backend.js';
export type { DeviceInfo } from './driver.js';
export type { AdamScalars } from './host/arena.js';
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
