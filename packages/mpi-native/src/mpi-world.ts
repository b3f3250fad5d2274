import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { announcedSize } from './environment.js';
import type { World, WorldOptions } from './world.js';

/** What the add-on says about a world. */
type Joined = Pick<World, 'rank' | 'size' | 'localRank' | 'localSize' | 'hostName' | 'library'>;

/** The functions of the add-on. Each blocks until the collective is over. */
interface Addon {
  join(heartbeatTimeout: number, maxMessageBytes: number): Joined;
  describe(where: string): void;
  allGather(bytes: Uint8Array): Uint8Array[];
  sumSlices(values: Float32Array): void;
  gatherSlices(values: Float32Array): void;
  gatherSlicesAtRoot(values: Float32Array | Float64Array): void;
  abort(code: number): never;
  finalize(): void;
}

const LONGEST_MESSAGE = 2 ** 31 - 2 ** 16;

/** The folder of build/ from which the add-on is loaded: `Release`, or `sanitized` for tests. */
const FOLDER_VARIABLE = 'MPI_NATIVE_FOLDER';

const path = fileURLToPath(new URL(`../build/${process.env[FOLDER_VARIABLE] ?? 'Release'}/mpi.node`, import.meta.url));

function load(): Addon {
  if (!existsSync(path)) {
    const script = fileURLToPath(new URL('../scripts/build.js', import.meta.url));
    throw new Error(
      `the add-on for MPI is not built; install libopenmpi-dev and openmpi-bin (Debian, Ubuntu) and run node ${script}`,
    );
  }
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0];
    throw new Error(`the add-on for MPI does not load: ${reason}; install openmpi-bin (Debian, Ubuntu)`, {
      cause: error,
    });
  }
}

/** `Open MPI v4.1.4, package: …` → `Open MPI 4.1.4` */
const shortName = (library: string): string =>
  library
    .split(/[,\n]/)[0]!
    .trim()
    .replace(/ v(?=\d)/, ' ');

class MpiWorld implements World {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly localSize: number;
  readonly hostName: string;
  readonly library: string;
  readonly #addon: Addon;
  #left = false;

  constructor(addon: Addon, { rank, size, localRank, localSize, hostName, library }: Joined) {
    this.#addon = addon;
    this.rank = rank;
    this.size = size;
    this.localRank = localRank;
    this.localSize = localSize;
    this.hostName = hostName;
    this.library = shortName(library);
  }

  async allGather(bytes: Uint8Array): Promise<Uint8Array[]> {
    return this.#inside().allGather(bytes);
  }

  async sumSlices(values: Float32Array): Promise<void> {
    this.#inside().sumSlices(values);
  }

  async gatherSlices(values: Float32Array): Promise<void> {
    this.#inside().gatherSlices(values);
  }

  async gatherSlicesAtRoot(values: Float32Array | Float64Array): Promise<void> {
    this.#inside().gatherSlicesAtRoot(values);
  }

  describe(where: string): void {
    this.#addon.describe(where);
  }

  abort(code: number): never {
    return this.#addon.abort(code);
  }

  async finalize(): Promise<void> {
    if (this.#left) return;
    this.#addon.finalize();
    this.#left = true;
  }

  #inside(): Addon {
    if (this.#left) throw new Error('this rank has left MPI');
    return this.#addon;
  }
}

/**
 * Loads the add-on and joins the other processes. Once per process, on its main thread. The options have to be those of all ranks.
 * @throws Error with a one-line remedy if the add-on is not built or not loadable, or if the launcher belongs to another MPI library;
 * RangeError for `maxMessageBytes` below 64 or above 2^31 − 2^16
 */
export function joinWorld({ heartbeatTimeout, maxMessageBytes = LONGEST_MESSAGE }: WorldOptions): World {
  const addon = load();
  const world = new MpiWorld(addon, addon.join(heartbeatTimeout, maxMessageBytes));
  const announced = announcedSize(process.env);
  if (world.size === 1 && announced !== null && announced > 1) {
    throw new Error(
      `${announced} processes were started, but ${world.library} sees only this one; start them with its own mpirun, or with srun --mpi=pmix`,
    );
  }
  return world;
}
