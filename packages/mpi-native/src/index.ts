export { isStartedByMpi } from './environment.js';
export { joinWorld } from './mpi-world.js';
export { type Slice, sliceOf } from './slices.js';
export type { World, WorldOptions } from './world.js';
