import type { World } from 'mpi-native';

export type { World };

/** The world of a process that runs alone. */
export const soleWorld: World = {
  rank: 0,
  size: 1,
  localRank: 0,
  localSize: 1,
  hostName: '',
  library: '',
  allGather: async (bytes) => [bytes],
  async sumSlices() {},
  async gatherSlices() {},
  async gatherSlicesAtRoot() {},
  describe() {},
  abort: (code) => process.exit(code),
  async finalize() {},
};
