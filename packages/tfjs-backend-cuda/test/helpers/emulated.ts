import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Driver } from '../../src/driver.js';
import { type Kernel, Launcher, type LaunchShape, type Parameter } from '../../src/launch.js';
import { Modules } from '../../src/modules.js';
import { driverLibrary } from '../../src/register.js';

/** The two orders in which the emulated driver runs the threads of a block. A result that differs between them is a race. */
export const ORDERS = ['forwards', 'backwards'] as const;
export type Order = (typeof ORDERS)[number];

/** The environment variable with the driver's library for tests of kernels on a GPU; without it, the emulated driver. */
const TEST_DRIVER = 'TFJS_CUDA_TEST_DRIVER';

/** Compiles the emulated driver and the kernels if they have changed. Without names, all kernels. */
export function buildEmulation(...names: readonly string[]): void {
  if (process.env.TFJS_CUDA_EMULATION_FOLDER !== undefined) return; // scripts/test-sanitized.sh has built it
  if (process.env[TEST_DRIVER] !== undefined) return;
  const script = fileURLToPath(new URL('../../scripts/build-emulation.js', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, ...names], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the emulated kernels did not compile:\n${stderr}`);
}

/** Runs `work`, and all kernels that it starts, in an order of threads. */
export function inOrder<T>(order: Order, work: () => T): T {
  process.env.EMULATED_CUDA_ORDER = order;
  try {
    return work();
  } finally {
    delete process.env.EMULATED_CUDA_ORDER;
  }
}

/** The emulated GPU for tests of kernels. `dispose` releases all memory. */
export class EmulatedDevice {
  readonly driver = new Driver({ library: driverLibrary(process.env[TEST_DRIVER] ?? 'emulated'), ordinal: 0 });
  readonly modules = new Modules(this.driver);
  readonly #launcher = new Launcher(this.driver);
  readonly #addresses = new Set<number>();

  /** The address of a copy of the values: exactly as many bytes. */
  upload(values: Float32Array | Int32Array | Uint8Array | Uint16Array | Uint32Array): number {
    const address = this.allocate(values.byteLength);
    this.driver.upload({ address, values });
    return address;
  }

  /** The address of memory full of NaN (bytes 0xff). */
  allocate(bytes: number): number {
    const address = this.driver.allocate({ bytes: Math.max(bytes, 1) });
    this.#addresses.add(address);
    return address;
  }

  floats(address: number, size: number): Float32Array {
    const values = new Float32Array(size);
    this.driver.download({ address, values });
    return values;
  }

  integers(address: number, size: number): Int32Array {
    const values = new Int32Array(size);
    this.driver.download({ address, values });
    return values;
  }

  launch(kernel: Kernel, shape: LaunchShape, parameters: readonly Parameter[]): void {
    this.#launcher.launch(kernel, shape, parameters);
  }

  dispose(): void {
    for (const address of this.#addresses) this.driver.release({ address });
    this.#addresses.clear();
  }
}
