import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CudaBackend } from './backend.js';
import { findBackendFactory, getKernelsForBackend, registerBackend, registerKernel } from './core.js';
import { CublasLt } from './cublaslt.js';
import { type DeviceInfo, Driver, listDevices } from './driver.js';
import { deviceKernels } from './kernels/index.js';
import { BACKEND_NAME, borrowed } from './kernels/kernel.js';
import { emulatedDriver, hasKernels, kernelsCommand } from './modules.js';

export interface CudaOptions {
  /**
   * The driver's library. By default the environment variable TFJS_CUDA_DRIVER, where `emulated` stands for the emulated
   * driver; without it, the system's libcuda.so.1.
   */
  readonly library?: string;
  /** Which GPU, from 0; 0 by default. */
  readonly ordinal?: number;
}

/** The environment variable that names the driver's library. */
const DRIVER_VARIABLE = 'TFJS_CUDA_DRIVER';

/** The oldest compute capability with bfloat16 products and asynchronous copies: sm_80. */
const OLDEST_MAJOR = 8;

/** Where the driver's library is on Windows Subsystem for Linux. */
const WSL_DRIVER = '/usr/lib/wsl/lib/libcuda.so.1';

/** The driver cannot be used. The message is one line: what is missing, and what fixes it. */
export class CudaUnavailable extends Error {
  override readonly name = 'CudaUnavailable';

  constructor(
    readonly problem: string,
    readonly remedy: string,
  ) {
    super(`${problem}; ${remedy}`);
  }
}

/** The path or name of the driver's library. */
export function driverLibrary(library = process.env[DRIVER_VARIABLE]): string {
  if (library === 'emulated') return emulatedDriver();
  return library ?? (existsSync(WSL_DRIVER) ? WSL_DRIVER : 'libcuda.so.1');
}

const command = (script: string): string => `node ${fileURLToPath(new URL(`../scripts/${script}`, import.meta.url))}`;

/** Why no GPU can be used, from the add-on's or the driver's error. */
export function unavailable(error: unknown, library: string): CudaUnavailable {
  const message = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
  if (/is not built/.test(message)) {
    return new CudaUnavailable('the CUDA add-on is not built', `run: ${command('build.js')}`);
  }
  const version = /version `(GLIBC\w*_[\d.]+)' not found/.exec(message)?.[1];
  if (version !== undefined) {
    return new CudaUnavailable(
      `the CUDA add-on was built on a newer system (it needs ${version})`,
      `build it here: ${command('build.js')}`,
    );
  }
  if (library === emulatedDriver() && !existsSync(library)) {
    return new CudaUnavailable('the emulated driver is not built', `run: ${command('build-emulation.js')}`);
  }
  if (/cannot open shared object|no such file/i.test(message)) {
    return new CudaUnavailable(
      `the NVIDIA driver is missing (${library})`,
      'install it (Debian: sudo apt-get install nvidia-driver; Ubuntu: sudo ubuntu-drivers install), then check it with nvidia-smi',
    );
  }
  if (/CUDA_ERROR_NO_DEVICE/.test(message)) {
    return new CudaUnavailable('the NVIDIA driver finds no GPU', 'check it with nvidia-smi and CUDA_VISIBLE_DEVICES');
  }
  return new CudaUnavailable(`the NVIDIA driver does not start (${message})`, 'check it with nvidia-smi');
}

function noSuchDevice(ordinal: number, count: number): CudaUnavailable {
  return count === 1
    ? new CudaUnavailable(`there is no GPU ${ordinal}: the driver finds one`, 'it is number 0')
    : new CudaUnavailable(
        `there is no GPU ${ordinal}: the driver finds ${count}`,
        `choose one from 0 to ${count - 1}; nvidia-smi -L lists them`,
      );
}

/** The GPUs that the driver finds, in its order. @throws CudaUnavailable */
export function findDevices(options: Pick<CudaOptions, 'library'> = {}): DeviceInfo[] {
  const library = driverLibrary(options.library);
  try {
    return listDevices(library);
  } catch (error) {
    throw unavailable(error, library);
  }
}

/** Opens a GPU that the kernels can run on. @throws CudaUnavailable */
export function openDevice({ library, ordinal = 0 }: CudaOptions = {}): Driver {
  const devices = findDevices({ library });
  const device = devices[ordinal];
  if (device === undefined) {
    throw devices.length === 0
      ? unavailable(new Error('CUDA_ERROR_NO_DEVICE'), driverLibrary(library))
      : noSuchDevice(ordinal, devices.length);
  }
  if (device.major < OLDEST_MAJOR) {
    throw new CudaUnavailable(
      `GPU ${ordinal} (${device.name}, sm_${device.major}${device.minor}) is too old`,
      'sm_80 (Ampere) or newer is needed; choose another device',
    );
  }
  if (!hasKernels(device)) {
    const architecture = `sm_${device.major}${device.minor}`;
    throw new CudaUnavailable(`the kernels are not compiled for ${architecture}`, `run: ${kernelsCommand(device)}`);
  }
  const path = driverLibrary(library);
  try {
    return new Driver({ library: path, ordinal });
  } catch (error) {
    throw unavailable(error, path);
  }
}

/** The name of a GPU's backend: `cuda`, and for others than the first `cuda:1`, `cuda:2` … */
export const backendName = (ordinal: number): string => (ordinal === 0 ? BACKEND_NAME : `${BACKEND_NAME}:${ordinal}`);

/**
 * Registers the backend `backendName(ordinal)` with tfjs; `tf.setBackend` makes it the current one. Several GPUs can be
 * registered: tfjs copies a tensor of one through the host when a kernel of another reads it. Registering a GPU again
 * does nothing. tfjs-backend-cpu must be registered, because its kernels compute what the GPU's do not.
 * @throws CudaUnavailable if there is no driver or no GPU that can be used
 */
export function registerCudaBackend(options: CudaOptions = {}): DeviceInfo {
  const driver = openDevice(options);
  const name = backendName(options.ordinal ?? 0);
  if (findBackendFactory(name) == null) {
    const blas = openBlas(driver);
    registerBackend(name, () => new CudaBackend(driver, blas), 5); // above onednn (4)
    registerKernels(name);
  }
  return driver.device;
}

/** cuBLASLt, if the environment asks for it. @throws CudaUnavailable if it cannot be used */
function openBlas(driver: Driver): CublasLt | null {
  try {
    return CublasLt.open(driver);
  } catch (error) {
    const remedy = `fetch it with ${kernelsCommand(driver.device)} --cublas, or unset the variable`;
    throw new CudaUnavailable((error as Error).message, remedy);
  }
}

function registerKernels(name: string): void {
  const own = new Set(deviceKernels.map(({ kernelName }) => kernelName));
  for (const config of getKernelsForBackend('cpu')) {
    if (!own.has(config.kernelName)) registerKernel({ ...borrowed(config), backendName: name });
  }
  for (const config of deviceKernels) registerKernel({ ...config, backendName: name });
}
