import { UserError } from '../errors.js';
import { log } from '../log.js';
import { MOST_THREADS } from '../options/most-threads.js';
import { defineOptions, type OptionsOf } from '../options/schema.js';
import { Registry } from '../plugins/registry.js';
import { cpu } from './cpu.js';
import type { Device, DeviceDefinition, DeviceOptions } from './device.js';

export type { Device, DeviceOptions } from './device.js';

/** The devices by name, the values of `--device`. */
export const devices = new Registry<DeviceDefinition>('device', [
  cpu,
  loadedWhenOpened('cuda', async () => (await import('./cuda.js')).cuda),
  loadedWhenOpened('tensorflow', async () => (await import('./optional.js')).tensorflow),
  loadedWhenOpened('webgpu', async () => (await import('./webgpu.js')).webgpu),
  loadedWhenOpened('wasm', async () => (await import('./wasm.js')).wasm),
]);

/** Imports the device's module only when the device is opened. */
function loadedWhenOpened(name: string, load: () => Promise<DeviceDefinition>): DeviceDefinition {
  return { name, open: async (options) => (await load()).open(options) };
}

/** The devices with matrix products in bfloat16. */
const BFLOAT16_DEVICES: readonly string[] = ['cpu', 'cuda'];

/** Options of all commands that compute. */
export const deviceOptions = defineOptions({
  device: {
    kind: 'string',
    default: null,
    metavar: 'NAME',
    group: 'Device',
    help: 'cpu, cuda, tensorflow, webgpu or wasm; cuda:1 is the second GPU (default: cpu if the native add-on is built, otherwise wasm)',
  },
  threads: {
    kind: 'int',
    default: null,
    min: 1,
    max: MOST_THREADS,
    group: 'Device',
    help: 'threads of --device cpu (default: the number of available processors)',
  },
  cpu: { kind: 'boolean', default: false, group: 'Device', help: "fairseq's flag: the same as --device cpu" },
  bf16: {
    kind: 'boolean',
    default: false,
    group: 'Device',
    help: 'matrix products in bfloat16 on --device cpu or cuda, on cuda also activations; weights, sums and everything else stay float32',
  },
  fp16: {
    kind: 'boolean',
    default: false,
    group: 'Device',
    help: "fairseq's flag: on --device cpu or cuda the same as --bf16",
  },
});

/** Options of the commands that translate. */
export const int8Option = defineOptions({
  int8: {
    kind: 'boolean',
    default: false,
    group: 'Device',
    help: 'translate with matrix products in int8 on --device cpu: weights quantized per output channel, activations per row',
  },
});

/**
 * Opens the device that the options of a command select.
 * @param settings.forSearch whether the device only searches, so that operations need not be ready yet
 */
export async function openRequestedDevice(
  options: OptionsOf<typeof deviceOptions> & { readonly int8?: boolean },
  { forSearch = false, localRank = 0 }: Pick<DeviceOptions, 'forSearch' | 'localRank'> = {},
): Promise<Device> {
  const { threads, bf16, fp16, int8 = false } = options;
  const settings = { threads, bfloat16: bf16 || fp16, int8, forSearch, localRank };
  const device = await openDevice(options.cpu ? 'cpu' : options.device, settings);
  if (device.name !== 'cpu' && int8)
    log.warning(`--int8 is supported only on --device cpu; computing in float32 on ${device.name}`);
  if (!BFLOAT16_DEVICES.includes(device.name) && (bf16 || fp16)) {
    log.warning(
      `--bf16 and --fp16 are supported only on --device cpu and cuda; computing in float32 on ${device.name}`,
    );
  } else if (fp16 && !bf16) {
    log.message('--fp16: computing matrix products in bfloat16, like --bf16');
  }
  return device;
}

/**
 * Opens a device, makes it the current one and logs its description.
 * @param name null selects `cpu` if it is built, otherwise `wasm`
 * @throws UserError if the device is unknown or one of its requirements is missing
 */
export async function openDevice(name: string | null, options: DeviceOptions): Promise<Device> {
  const device = name === null ? await openDefault(options) : await openQuietly(name, options);
  const details = Object.entries(device.description).map(([key, value]) => `${key} ${value}`);
  log.message(details.join(', '));
  return device;
}

/** Opens a device without logging it. `cuda:1` is the second GPU. @throws UserError as `openDevice` does */
export async function openQuietly(name: string, options: DeviceOptions): Promise<Device> {
  const [, ordinal] = /^cuda:(\d{1,3})$/.exec(name) ?? [];
  if (ordinal === undefined) return deviceOf(name).open(options);
  return deviceOf('cuda').open({ ...options, ordinal: Number(ordinal) });
}

/** @throws UserError listing all devices: names from other toolkits, e.g. `gpu`, are not similar to any of them */
function deviceOf(name: string): DeviceDefinition {
  const names = devices.names();
  if (names.includes(name)) return devices.get(name);
  throw new UserError(`unknown device '${name}'`, `known: ${names.join(', ')}`);
}

async function openDefault(options: DeviceOptions): Promise<Device> {
  try {
    return await cpu.open(options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log.warning(
      `${error.problem}; computing on wasm, about 30 times slower than on cpu: ${error.remedy.replace(/, or use .*/, '')}`,
    );
    return devices.get('wasm').open(options);
  }
}
