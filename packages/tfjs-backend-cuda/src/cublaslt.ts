import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Driver } from './driver.js';
import type { Blas } from './host/host-device.js';
import { emulatedBlas } from './modules.js';

/**
 * The environment variable that turns cuBLASLt on: `on` finds the library, anything else is its path. It is off by default
 * because it has not yet run on a GPU: without one, libcublasLt 12.9.1 accepted the descriptions, layouts and preferences
 * of cc/cublaslt.cc, but it computes nothing.
 */
const VARIABLE = 'TFJS_CUDA_CUBLASLT';

/** Memory that its algorithms may use for partial sums: what NVIDIA recommends for Hopper. */
const WORKSPACE_BYTES = 2 ** 25;

const NAMES = ['libcublasLt.so.12', 'libcublasLt.so.13'];

/** Where scripts/setup-cuda.sh --cublas and installed CUDAs have the library. Other folders are the loader's business. */
const FOLDERS = [
  fileURLToPath(new URL('../build/libraries/nvidia/cublas/lib', import.meta.url)),
  '/usr/local/cuda/lib64',
];

/** The paths or names to try for a value of the variable, in this order. */
function candidates(value: string, isEmulated: boolean): string[] {
  if (value !== 'on') return [value];
  if (isEmulated) return [emulatedBlas()];
  const inFolders = FOLDERS.flatMap((folder) => NAMES.map((name) => `${folder}/${name}`)).filter(existsSync);
  return [...inFolders, ...NAMES];
}

/** NVIDIA's cuBLASLt. Products take the algorithm that it recommends for their shape; nothing is measured. */
export class CublasLt implements Blas {
  readonly workspaceBytes = WORKSPACE_BYTES;

  private constructor(
    readonly driver: Driver,
    /** Such as `12.9.1`. */
    readonly version: string,
  ) {}

  /** Opens the library for a GPU if the environment asks for it. @throws Error if it is not found or does not start */
  static open(driver: Driver, value = process.env[VARIABLE]): CublasLt | null {
    if (value === undefined || value === '') return null;
    const problems: string[] = [];
    for (const library of candidates(value, driver.isEmulated)) {
      try {
        return new CublasLt(driver, versionText(driver.openBlas({ library })));
      } catch (error) {
        problems.push((error as Error).message.split('\n')[0]!);
      }
    }
    throw new Error(`${VARIABLE}=${value}: cuBLASLt cannot be used (${problems.at(-1)})`);
  }

  multiply(product: Parameters<Blas['multiply']>[0]): boolean {
    const start = (): boolean => this.driver.multiply(product);
    const { recorder } = this.driver;
    return recorder === null
      ? start()
      : recorder.launched('cublasLtMatmul', 2 * product.m * product.n * product.k, start);
  }
}

const versionText = (version: number): string =>
  [Math.floor(version / 10_000), Math.floor(version / 100) % 100, version % 100].join('.');
