import { float, int, pointer } from '../launch.js';
import { type Address, blocksOf, type HostDevice, loopingBlocks } from './host-device.js';

const THREADS = 256;
/** kPart in cu/arena.cu. */
const PART = 8192;

/** The scalars of one Adam step over an arena. */
export interface AdamScalars {
  readonly beta1: number; // decay of the mean of gradients
  readonly beta2: number; // decay of the mean of squared gradients
  readonly epsilon: number; // added to the root of the mean of squares
  /** lr · √(1 − β2ᵗ) / (1 − β1ᵗ) */
  readonly stepSize: number;
  /** lr · weight decay: the fraction that is first subtracted from a value. */
  readonly decay: number;
}

/** Starts a kernel whose threads share the elements, four each. */
function launchOver(
  device: HostDevice,
  name: string,
  size: number,
  parameters: Parameters<HostDevice['launcher']['launch']>[2],
): void {
  if (size === 0) return;
  const grid = loopingBlocks(device, size, 4 * THREADS);
  device.launcher.launch(device.modules.kernel('arena', name), { grid, block: THREADS }, parameters);
}

/** total = Σ x², summed in float64 in a fixed order; notFinite (int32) = whether that is NaN or infinite. */
export function squaredNorm(
  device: HostDevice,
  args: {
    readonly x: Address; // [size]
    readonly size: number;
    readonly total: Address; // float64
    readonly notFinite?: Address | null;
  },
): void {
  const { x, size, total, notFinite } = args;
  const count = blocksOf(size, PART);
  device.borrow(8 * count, (parts) => {
    if (count > 0) {
      const kernel = device.modules.kernel('arena', 'squared_norm_parts');
      device.launcher.launch(kernel, { grid: count, block: THREADS }, [pointer(x), pointer(parts), int(size)]);
    }
    const addresses = [parts, total, notFinite ?? 0].map(pointer);
    const kernel = device.modules.kernel('arena', 'squared_norm_total');
    device.launcher.launch(kernel, { grid: 1, block: THREADS }, [...addresses, int(count)]);
  });
}

/** x ← factor · x; also multiplied by a float32 on the device unless its address is null. */
export function scale(
  device: HostDevice,
  args: { readonly x: Address; readonly size: number; readonly factor: number; readonly by?: Address | null },
): void {
  const { x, size, factor, by } = args;
  launchOver(device, 'scale_arena', size, [pointer(x), int(size), float(factor), pointer(by ?? 0)]);
}

/** sum ← sum + x */
export function accumulate(
  device: HostDevice,
  { sum, x, size }: { readonly sum: Address; readonly x: Address; readonly size: number },
): void {
  launchOver(device, 'accumulate_arena', size, [pointer(sum), pointer(x), int(size)]);
}

/**
 *   m ← β1·m + (1−β1)·g,  v ← β2·v + (1−β2)·g²
 *   p ← p − decay·p,      p ← p − stepSize · m / (√v + ε)
 * Changes nothing if the int32 `notFinite` is not 0.
 */
export function adamStep(
  device: HostDevice,
  args: AdamScalars & {
    readonly values: Address; // p [size]
    readonly gradients: Address; // g [size]
    readonly firstMoment: Address; // m [size]
    readonly secondMoment: Address; // v [size]
    readonly size: number;
    readonly notFinite?: Address | null;
  },
): void {
  const { values, gradients, firstMoment, secondMoment, size, notFinite } = args;
  const { beta1, beta2, epsilon, stepSize, decay } = args;
  launchOver(device, 'adam_step', size, [
    ...[values, gradients, firstMoment, secondMoment].map(pointer),
    int(size),
    ...[beta1, 1 - beta1, beta2, 1 - beta2, epsilon, stepSize, decay].map(float),
    pointer(notFinite ?? 0),
  ]);
}

/** y ← x, rounded to bfloat16 (the nearest, ties to even). */
export function bfloat16Copy(
  device: HostDevice,
  { x, y, size }: { readonly x: Address; readonly y: Address; readonly size: number },
): void {
  launchOver(device, 'bfloat16_copy', size, [pointer(x), pointer(y), int(size)]);
}
