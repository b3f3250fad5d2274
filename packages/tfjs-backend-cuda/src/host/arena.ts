import { double, float, int, pointer } from '../launch.js';
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

/** total = Σ x², summed in float64 in a fixed order. */
export function squaredNorm(
  device: HostDevice,
  args: {
    readonly x: Address; // [size]
    readonly size: number;
    readonly total: Address; // float64
  },
): void {
  const { x, size, total } = args;
  const count = blocksOf(size, PART);
  device.borrow(8 * count, (parts) => {
    if (count > 0) {
      const kernel = device.modules.kernel('arena', 'squared_norm_parts');
      device.launcher.launch(kernel, { grid: count, block: THREADS }, [pointer(x), pointer(parts), int(size)]);
    }
    const kernel = device.modules.kernel('arena', 'squared_norm_total');
    device.launcher.launch(kernel, { grid: 1, block: THREADS }, [pointer(parts), pointer(total), int(count)]);
  });
}

/** How the gradient of an update is scaled. */
export interface GradientScaling {
  /** The divisor of the gradient. */
  readonly samples: number;
  /** The largest norm of the gradient after that; 0: no limit. */
  readonly limit: number;
  /** Added to the norm before the limit is divided by it. */
  readonly epsilon: number;
}

/**
 * factor = min(1, limit / (√squaredNorm / samples + ε)) / samples, in float64 until it is rounded. Sets notFinite to 1 if
 * squaredNorm or a loss is NaN or infinite; otherwise it stays as it is.
 */
export function gradientFactor(
  device: HostDevice,
  args: GradientScaling & {
    readonly squaredNorm: Address; // float64
    readonly losses: Address; // float32 [count], `stride` elements apart
    readonly stride: number;
    readonly count: number;
    readonly factor: Address; // float32
    readonly notFinite: Address; // int32
  },
): void {
  const kernel = device.modules.kernel('arena', 'gradient_factor');
  device.launcher.launch(kernel, { grid: 1, block: 1 }, [
    ...[args.squaredNorm, args.losses].map(pointer),
    ...[args.stride, args.count].map(int),
    ...[args.samples, args.limit, args.epsilon].map(double),
    ...[args.factor, args.notFinite].map(pointer),
  ]);
}

/** x ← factor · x; also multiplied by a float32 on the device unless its address is null. Nothing if `notFinite` is set. */
export function scale(
  device: HostDevice,
  args: {
    readonly x: Address;
    readonly size: number;
    readonly factor: number;
    readonly by?: Address | null;
    readonly notFinite?: Address | null;
  },
): void {
  const { x, size, factor, by, notFinite } = args;
  const parameters = [pointer(x), int(size), float(factor), pointer(by ?? 0), pointer(notFinite ?? 0)];
  launchOver(device, 'scale_arena', size, parameters);
}

/** average ← decay · average + (1 − decay) · x, in float64. Nothing if `notFinite` is set. */
export function movingAverage(
  device: HostDevice,
  args: {
    readonly average: Address; // [size]
    readonly x: Address; // [size]
    readonly size: number;
    readonly decay: number;
    readonly notFinite?: Address | null;
  },
): void {
  const { average, x, size, decay, notFinite } = args;
  const arrays = [pointer(average), pointer(x), int(size)];
  launchOver(device, 'moving_average', size, [...arrays, double(decay), pointer(notFinite ?? 0)]);
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
