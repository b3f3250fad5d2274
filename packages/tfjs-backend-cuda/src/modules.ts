import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type DeviceInfo, type Driver, EMULATED_DEVICE } from './driver.js';
import type { Kernel } from './launch.js';

/** The environment variable that names the folder of build/ with the emulated kernels. For tests with sanitizers. */
const EMULATION_VARIABLE = 'TFJS_CUDA_EMULATION_FOLDER';

const build = new URL('../build/', import.meta.url);

/** Where scripts/build-cubins.js writes, one folder for each architecture. */
const cubins = new URL('cubins/', build);

/** A path in the folder of the emulated driver and its kernels. */
const emulated = (file: string): string =>
  fileURLToPath(new URL(`${process.env[EMULATION_VARIABLE] ?? 'emulation'}/${file}`, build));

/** The library of the emulated driver, which scripts/build-emulation.js builds. */
export const emulatedDriver = (): string => emulated('libcuda.so.1');

/** Its stand-in for cuBLASLt. */
export const emulatedBlas = (): string => emulated('libcublasLt.so.12');

/** GPUs within a processor (Jetson, Thor), which do not run the cubins of other GPUs. */
const INTEGRATED: readonly string[] = ['sm_87', 'sm_101', 'sm_110'];

/**
 * The folder of the cubins for a GPU: those of the newest architecture that is not newer than it and has the same major
 * version, because a cubin runs on later minor versions too. Null if there is none.
 */
export function cubinFolder({ major, minor }: Pick<DeviceInfo, 'major' | 'minor'>, folder: URL): URL | null {
  const architectures = existsSync(folder) ? readdirSync(folder) : [];
  const own = `sm_${major}${minor}`;
  if (architectures.includes(own)) return new URL(`${own}/`, folder);
  if (INTEGRATED.includes(own)) return null;
  const minors = architectures
    .filter((name) => !INTEGRATED.includes(name))
    .map((name) => /^sm_(\d+)(\d)$/.exec(name))
    .filter((match) => match !== null && Number(match[1]) === major && Number(match[2]) <= minor)
    .map((match) => Number(match![2]));
  return minors.length === 0 ? null : new URL(`sm_${major}${Math.max(...minors)}/`, folder);
}

/** Whether the kernels are compiled for a GPU. */
export const hasKernels = (device: DeviceInfo): boolean =>
  device.name === EMULATED_DEVICE || cubinFolder(device, cubins) !== null;

/** The command that compiles the kernels for a GPU. */
export function kernelsCommand({ major, minor }: Pick<DeviceInfo, 'major' | 'minor'>): string {
  const own = `sm_${major}${minor}`;
  const script = fileURLToPath(new URL('../scripts/setup-cuda.sh', import.meta.url));
  return `bash ${script}${INTEGRATED.includes(own) ? ` --architecture=${own}` : ''}`;
}

/** The kernels of one open GPU. Each .cu file is a module, loaded when its first kernel is used. */
export class Modules {
  readonly #driver: Driver;
  readonly #modules = new Map<string, number>();
  readonly #kernels = new Map<string, Kernel>();

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /**
   * A kernel of the file cu/FILE.cu.
   * @param dynamicShared the most bytes of dynamic shared memory that it is launched with
   * @throws Error if the file is not compiled for this GPU or has no such kernel
   */
  kernel(file: string, name: string, dynamicShared = 0): Kernel {
    const key = `${file} ${name} ${dynamicShared}`;
    const known = this.#kernels.get(key);
    if (known !== undefined) return known;
    const found = { name, function: this.#driver.findFunction({ module: this.#module(file), name, dynamicShared }) };
    this.#kernels.set(key, found);
    return found;
  }

  #module(file: string): number {
    const known = this.#modules.get(file);
    if (known !== undefined) return known;
    const module = this.#driver.loadModule({ image: this.#image(file) });
    this.#modules.set(file, module);
    return module;
  }

  #image(file: string): Uint8Array {
    if (this.#driver.isEmulated) {
      const path = emulated(`${file}.so`);
      if (existsSync(path)) return new TextEncoder().encode(path);
      const script = fileURLToPath(new URL('../scripts/build-emulation.js', import.meta.url));
      throw new Error(`the emulated kernel ${file} is not compiled: node ${script} compiles it`);
    }
    const { major, minor } = this.#driver.device;
    const folder = cubinFolder(this.#driver.device, cubins);
    const cubin = folder && new URL(`${file}.cubin`, folder);
    if (cubin !== null && existsSync(cubin)) return readFileSync(cubin);
    throw new Error(
      `the kernel ${file} is not compiled for sm_${major}${minor}: ${kernelsCommand(this.#driver.device)} compiles it`,
    );
  }
}
