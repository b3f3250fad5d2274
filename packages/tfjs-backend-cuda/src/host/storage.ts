import { int, pointer } from '../launch.js';
import { type Address, type HostDevice, loopingBlocks } from './host-device.js';

const THREADS = 256;

/** y ← x: bfloat16 to float32, exact. */
export function float32Copy(
  device: HostDevice,
  { x, y, size }: { readonly x: Address; readonly y: Address; readonly size: number },
): void {
  if (size === 0) return;
  const shape = { grid: loopingBlocks(device, size, 4 * THREADS), block: THREADS };
  const kernel = device.modules.kernel('storage', 'bfloat16_to_float32');
  device.launcher.launch(kernel, shape, [pointer(x), pointer(y), int(size)]);
}
