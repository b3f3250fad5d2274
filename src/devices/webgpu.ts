import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { type ArenaKernels, portableArenaKernels } from '../optim/arena-kernels.js';
import * as tf from '../tf.js';
import type { DeviceDefinition } from './device.js';
import { registerWebGpuKernels, type WebGpuModule } from './webgpu-kernels.js';

const BACKEND = '@tensorflow/tfjs-backend-webgpu';
const DAWN = 'webgpu';
const INSTALL = `npm install ${BACKEND}@4.22.0 ${DAWN}, or use --device cpu`;

/** Freed buffers that the backend may keep for reuse; beyond it they are given back to the driver. */
const LARGEST_FREE_BYTES = 2 ** 31;

/** `webgpu` as far as it is used here: WebGPU's entry point and its classes and constants. */
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

interface GpuDevice extends EventTarget {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  destroy(): void;
}

/** tfjs's backend as far as it is adapted here. */
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

/** The limits of the adapter that tfjs's kernels make use of. */
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
];

/** Of the process: Dawn's objects are made once, whatever opens the device again. */
let opened: AdapterInfo | null = null;

export const webgpu: DeviceDefinition = {
  name: 'webgpu',
  summary: 'a GPU through Vulkan: tfjs-backend-webgpu on Dawn (npm package webgpu)',
  async open() {
    opened ??= await start();
    await tf.setBackend('webgpu');
    await tf.ready();
    const { description, vendor, architecture } = opened;
    const adapter = [description, vendor, architecture].find((text) => text !== '') ?? 'without a name';
    return { name: 'webgpu', description: { device: 'webgpu', adapter }, arenaKernels: await hostArenaKernels() };
  },
};

/** Makes the adapter's device and registers tfjs's backend on it. */
async function start(): Promise<AdapterInfo> {
  const module = await load<BackendModule>(BACKEND);
  const { create, globals } = await load<Dawn>(DAWN);
  const gpu = create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new UserError(`--device webgpu: ${await whyNoAdapter()}`, ADAPTER_REMEDY);
  publish(gpu, globals);
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]!]));
  const device = await adapter.requestDevice({ requiredLimits }).catch((cause: unknown) => {
    throw new UserError(`--device webgpu: the adapter gives no device (${firstLine(cause)})`, ADAPTER_REMEDY, {
      cause,
    });
  });
  tf.registerBackend('webgpu', () => adapt(new module.WebGPUBackend(device, adapter.info), device));
  registerWebGpuKernels(module);
  return adapter.info;
}

async function load<T>(name: string): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (cause) {
    throw new UserError(`--device webgpu: ${name} cannot be loaded (${firstLine(cause)})`, INSTALL, { cause });
  }
}

const firstLine = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!;

/** tfjs's backend looks for a browser's `navigator.gpu` and classes; Node has no navigator before 21, then one of its own. */
function publish(gpu: Gpu, globals: object): void {
  Object.assign(globalThis, globals);
  const host = globalThis as { navigator?: object };
  if (host.navigator === undefined) {
    Object.defineProperty(host, 'navigator', { value: { userAgent: 'Node.js' }, configurable: true });
  }
  Object.defineProperty(host.navigator, 'gpu', { value: gpu, configurable: true });
}

/** Lets errors of the GPU end a run, gives memory back, and says that nothing can be read synchronously. */
function adapt(backend: WebGpuBackend, device: GpuDevice): WebGpuBackend {
  let failure: Error | null = null;
  device.addEventListener('uncapturederror', (event) => {
    const { error } = event as unknown as { error: { message: string } };
    failure ??= new UserError(
      `--device webgpu: ${firstLine(new Error(error.message))}`,
      'lower --max-tokens or use --device cpu',
    );
  });
  void device.lost.then(({ reason, message }) => {
    if (reason === 'destroyed') return;
    failure ??= new UserError(
      `--device webgpu: the GPU is lost (${message})`,
      'start the same command again: it goes on from the last checkpoint',
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
        '--device webgpu: a tensor of the GPU cannot be read synchronously',
        'write await tensor.data() for tensor.dataSync()',
      );
    },
    submitQueue() {
      submitQueue();
      freeUnusedBuffers(backend);
    },
  });
}

/** Batches have many shapes, and tfjs keeps every buffer for another of its size: they would fill the GPU. */
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

/** Clipping and the optimizer run on the host: natively where the add-on is built. */
async function hostArenaKernels(): Promise<ArenaKernels> {
  const native = await import('tfjs-backend-onednn');
  if (!native.isAvailable().available) return portableArenaKernels;
  const { squaredNorm, scale, adamStep } = native;
  return { ...portableArenaKernels, squaredNorm, scale, adamStep };
}

const ADAPTER_REMEDY =
  'install the Vulkan driver of the GPU and libvulkan1 (vulkaninfo --summary lists what Vulkan sees), or use --device cpu';

/** Vulkan's loader looks for drivers through these variables and in these folders of manifests. */
async function whyNoAdapter(): Promise<string> {
  if (process.platform !== 'linux') return 'Dawn finds no adapter';
  if (!hasVulkanLoader()) return 'libvulkan.so.1, which loads Vulkan drivers, is not installed';
  const drivers = vulkanDrivers();
  if (drivers.length === 0) return 'no Vulkan driver is installed';
  return `none of the Vulkan drivers here has an adapter that Dawn can use (${drivers.join(', ')})`;
}

function hasVulkanLoader(): boolean {
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1');
  } catch (error) {
    // A library that is there, but is no add-on, "did not self-register".
    return !/cannot open shared object file/.test(firstLine(error));
  }
  return true;
}

function vulkanDrivers(): string[] {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, XDG_DATA_HOME, XDG_DATA_DIRS } = process.env;
  const named = VK_DRIVER_FILES ?? VK_ICD_FILENAMES;
  if (named !== undefined) return named.split(':').filter((file) => existsSync(file));
  const data = [
    XDG_DATA_HOME ?? join(homedir(), '.local/share'),
    ...(XDG_DATA_DIRS ?? '/usr/local/share:/usr/share').split(':'),
  ];
  const folders = [
    '/etc/vulkan/icd.d',
    '/usr/local/etc/vulkan/icd.d',
    ...data.map((folder) => join(folder, 'vulkan/icd.d')),
  ];
  return folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : []));
}
