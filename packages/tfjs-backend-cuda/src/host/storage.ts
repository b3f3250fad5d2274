import { int, pointer } from '../launch.js';
import { type Address, type HostDevice, loopingBlocks, type Storage } from './host-device.js';

const THREADS = 256;

function launch(device: HostDevice, name: string, addresses: readonly Address[], size: number): void {
  if (size === 0) return;
  const shape = { grid: loopingBlocks(device, size, 4 * THREADS), block: THREADS };
  device.launcher.launch(device.modules.kernel('storage', name), shape, [...addresses.map(pointer), int(size)]);
}

/** y ← x: bfloat16 to float32, exact. */
export const float32Copy = (
  device: HostDevice,
  { x, y, size }: { readonly x: Address; readonly y: Address; readonly size: number },
): void => launch(device, 'bfloat16_to_float32', [x, y], size);

/** y = a + b in float32; a is stored as bfloat16. */
export function addToBfloat16(
  device: HostDevice,
  args: {
    readonly a: Address;
    readonly b: Address;
    readonly y: Address;
    readonly size: number;
    readonly storage: Storage;
  },
): void {
  const { a, b, y, size, storage } = args; // of b
  launch(device, `add_${storage}_to_bfloat16`, [a, b, y], size);
}
