import { UserError } from '../errors.js';
import { log } from '../log.js';
import { defineOptions } from '../options/schema.js';
import { Registry } from '../plugins/registry.js';
import { cpu } from './cpu.js';
import type { Device, DeviceDefinition, DeviceOptions } from './device.js';
import { cuda, tensorflow, webgpu } from './optional.js';
import { wasm } from './wasm.js';

export type { Device, DeviceOptions } from './device.js';

export const devices = new Registry<DeviceDefinition>('device', [cpu, cuda, tensorflow, webgpu, wasm]);

/** The options of every command that computes. */
export const deviceOptions = defineOptions({
  device: {
    kind: 'string',
    default: null,
    metavar: 'NAME',
    group: 'Device',
    help: 'cpu, cuda, tensorflow, webgpu or wasm; without it cpu where the native add-on is built, else wasm',
  },
  threads: {
    kind: 'int',
    default: null,
    min: 1,
    group: 'Device',
    help: 'threads of --device cpu (default: every core)',
  },
  cpu: { kind: 'boolean', default: false, group: 'Device', help: "fairseq's flag: the same as --device cpu" },
});

/**
 * Makes a device's backend the current one and logs which it is.
 * @param name null picks `cpu` where it is built, else `wasm`
 * @throws UserError when the device is unknown or something that it needs is missing
 */
export async function openDevice(name: string | null, options: DeviceOptions): Promise<Device> {
  const device = name === null ? await openDefault(options) : await devices.get(name).open(options);
  const details = Object.entries(device.description).map(([key, value]) => `${key} ${value}`);
  log.message(details.join(', '));
  return device;
}

async function openDefault(options: DeviceOptions): Promise<Device> {
  try {
    return await cpu.open(options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log.warning(`${error.problem}; computing on wasm, which is slower: ${error.remedy.replace(/, or use .*/, '')}`);
    return wasm.open(options);
  }
}
