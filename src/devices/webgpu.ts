import { UserError } from '../errors.js';
import { tensorArenaDevice } from '../optim/tensor-arenas.js';
import * as tf from '../tf/index.js';
import type { DeviceDefinition } from './device.js';
import { whyNoAdapter } from './vulkan.js';
import { registerWebGpuKernels, type WebGpuModule } from './webgpu-kernels.js';

const BACKEND = '@tensorflow/tfjs-backend-webgpu';
const DAWN = 'webgpu';
const INSTALL = `npm install ${BACKEND}@4.22.0 ${DAWN}, or use --device cpu`;
const INSTALL_DRIVER =
  'install libvulkan1 and the Vulkan driver of the GPU (vulkaninfo --summary lists the installed ones), or use --device cpu';

/** Limit on freed buffers that the backend keeps for reuse; beyond it, they are returned to the driver. */
const LARGEST_FREE_BYTES = 2 ** 31;

/** The parts of the npm package `webgpu` in use: WebGPU's entry point, and its classes and constants. */
interface Dawn {
  create(flags: string[]): Gpu;
  readonly globals: object;
}

interface Gpu {
  requestAdapter(options: { powerPreference: 'high-performance' }): Promise<Adapter | null>;
}

interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
}

interface Adapter {
  readonly info: AdapterInfo;
  readonly limits: Readonly<Record<string, number>>;
  requestDevice(descriptor: { requiredLimits: Record<string, number> }): Promise<GpuDevice>;
}

interface UncapturedErrorEvent {
  readonly error: { readonly message: string };
  preventDefault(): void;
}

interface GpuDevice {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  addEventListener(type: 'uncapturederror', listener: (event: UncapturedErrorEvent) => void): void;
}

/** The parts of tfjs's backend in use. */
interface WebGpuBackend extends tf.KernelBackend {
  readonly bufferManager: {
    readonly numBytesUsed: number;
    numBytesAllocated: number;
    numFreeBuffers: number;
    readonly freeBuffers: Map<string, { readonly size: number; destroy(): void }[]>;
  };
  readonly tensorMap: { get(dataId: object): { readonly values?: tf.BackendValues | null } | undefined };
  submitQueue(): void;
}

type BackendModule = WebGpuModule & {
  readonly WebGPUBackend: new (device: GpuDevice, info: AdapterInfo) => WebGpuBackend;
};

/** The adapter limits that tfjs's kernels use. */
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
];

/** Dawn's objects are created once per process, even if the device is opened again. */
let opened: AdapterInfo | null = null;

/** A GPU through Vulkan: tfjs-backend-webgpu on Dawn (npm package webgpu). */
export const webgpu: DeviceDefinition = {
  name: 'webgpu',
  async open() {
    opened ??= await start();
    await tf.setBackend('webgpu');
    await tf.ready();
    const { description, vendor, architecture } = opened;
    const adapter = [description, vendor, architecture].find((text) => text !== '') ?? 'without a name';
    return {
      name: 'webgpu',
      description: { device: 'webgpu', adapter },
      ...tensorArenaDevice('webgpu'),
    };
  },
};

/**
 * Creates the adapter's device and registers tfjs's backend on it.
 * @param load imports a package that is not a dependency
 * @throws UserError naming the package, driver or adapter that is missing
 */
export async function start(load: (name: string) => Promise<unknown> = (name) => import(name)): Promise<AdapterInfo> {
  const module = await loadPackage<BackendModule>(load, BACKEND);
  const { create, globals } = await loadPackage<Dawn>(load, DAWN);
  const gpu = create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new UserError(`--device webgpu: ${whyNoAdapter()}`, INSTALL_DRIVER);
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]!]));
  const device = await adapter.requestDevice({ requiredLimits }).catch((cause: unknown) => {
    throw new UserError(`--device webgpu: the adapter provides no device (${firstLine(cause)})`, INSTALL_DRIVER, {
      cause,
    });
  });
  publish(gpu, globals);
  // If navigator.gpu already exists, the package has registered a backend of its own.
  if (tf.findBackendFactory('webgpu') != null) tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => adapt(new module.WebGPUBackend(device, adapter.info), device));
  registerWebGpuKernels(module);
  return adapter.info;
}

async function loadPackage<T>(load: (name: string) => Promise<unknown>, name: string): Promise<T> {
  try {
    return (await load(name)) as T;
  } catch (cause) {
    throw new UserError(`--device webgpu: ${name} cannot be loaded (${firstLine(cause)})`, INSTALL, { cause });
  }
}

/** The first line of an error message, without its full stop, because a remedy follows. */
function firstLine(error: unknown): string {
  const { message = String(error) } = error as { message?: string };
  return message.split('\n')[0]!.replace(/\.$/, '');
}

/** Defines the browser's `navigator.gpu` and classes for tfjs's backend. Node has a navigator only since version 21. */
function publish(gpu: Gpu, globals: object): void {
  Object.assign(globalThis, globals);
  const host = globalThis as { navigator?: object };
  if (host.navigator === undefined) {
    Object.defineProperty(host, 'navigator', { value: { userAgent: 'Node.js' }, configurable: true });
  }
  Object.defineProperty(host.navigator, 'gpu', { value: gpu, configurable: true });
}

/** Makes GPU errors end the run, frees unused memory, and refuses synchronous reads. */
function adapt(backend: WebGpuBackend, device: GpuDevice): WebGpuBackend {
  let failure: Error | null = null;
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault(); // otherwise Dawn prints it and all subsequent errors
    failure ??= new UserError(`--device webgpu: ${firstLine(event.error)}`, 'lower --max-tokens, or use --device cpu');
  });
  void device.lost.then(({ reason, message }) => {
    if (reason === 'destroyed') return;
    failure ??= new UserError(
      `--device webgpu: the GPU is lost (${message})`,
      'run the same command again: it continues from the last checkpoint',
    );
  });
  const read = backend.read.bind(backend);
  const submitQueue = backend.submitQueue.bind(backend);
  return Object.assign(backend, {
    async read(dataId: object) {
      const values = await read(dataId);
      if (failure !== null) throw failure;
      return values;
    },
    readSync(dataId: object) {
      const values = backend.tensorMap.get(dataId)?.values;
      if (values != null) return values;
      throw new UserError(
        '--device webgpu: a GPU tensor cannot be read synchronously',
        'use await tensor.data() instead of tensor.dataSync()',
      );
    },
    submitQueue() {
      submitQueue();
      freeUnusedBuffers(backend);
    },
  });
}

/**
 * Frees unused buffers. tfjs keeps each for reuse at the same size; batches have many shapes, so they would fill the
 * GPU.
 */
function freeUnusedBuffers({ bufferManager }: WebGpuBackend): void {
  if (bufferManager.numBytesAllocated - bufferManager.numBytesUsed <= LARGEST_FREE_BYTES) return;
  for (const buffers of bufferManager.freeBuffers.values()) {
    for (const buffer of buffers.splice(0)) {
      bufferManager.numBytesAllocated -= buffer.size;
      bufferManager.numFreeBuffers -= 1;
      buffer.destroy();
    }
  }
}
