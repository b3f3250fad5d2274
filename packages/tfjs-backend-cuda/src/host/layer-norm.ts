import { float, int, pointer } from '../launch.js';
import { addColumnParts, rowsOfPart } from './column-sums.js';
import { type Dropout, dropoutParameters } from './dropout.js';
import { type Address, blocksOf, type HostDevice, roundUp, type Storage } from './host-device.js';

interface LayerNormShape {
  readonly rows: number;
  readonly columns: number;
}

const MOST_WARPS = 4;

/** Shared memory that leaves room for several blocks on a multiprocessor. A single row may take more. */
const SHARED_BYTES = 48 * 2 ** 10;

/** The warps of a block whose rows fit into shared memory. @throws RangeError if a row does not fit */
function blockOf(
  { sharedMemoryPerBlock }: HostDevice,
  columns: number,
  rowsOfWarp: number,
): { block: number; warps: number; dynamicShared: number } {
  const bytes = 4 * rowsOfWarp * roundUp(columns, 4);
  const warps = Math.max(1, Math.min(MOST_WARPS, Math.floor(SHARED_BYTES / bytes)));
  if (bytes > sharedMemoryPerBlock)
    throw new RangeError(`layer normalisation of ${columns} columns does not fit into shared memory`);
  return { warps, block: 32 * warps, dynamicShared: warps * bytes };
}

/** s = residual + x ∘ mask, or x without a residual. y = gain ∘ (s − mean) · rstd + bias, rstd = 1 / √(variance + ε). */
export function layerNorm(
  device: HostDevice,
  args: LayerNormShape &
    Dropout & {
      readonly x: Address; // [rows, columns]
      readonly residual: Address | null; // [rows, columns]
      readonly gain: Address; // [columns]
      readonly bias: Address; // [columns]
      readonly sums: Address | null; // s [rows, columns]; may be x
      readonly y: Address; // [rows, columns]
      /** Where a copy of y in bfloat16 goes, if one is wanted. */
      readonly rounded?: Address | null; // [rows, columns]
      readonly mean: Address; // [rows]
      readonly rstd: Address; // [rows]
      readonly epsilon: number;
      /** How tables are stored; others are float32. */
      readonly storage?: Readonly<Partial<Record<'x', Storage>>>;
    },
): void {
  const { x, residual, gain, bias, sums, y, rounded, mean, rstd, rows, columns, epsilon, storage = {} } = args;
  if (rows === 0 || columns === 0) return;
  const { warps, block, dynamicShared } = blockOf(device, columns, 1);
  device.launcher.launch(
    device.modules.kernel('layer-norm', `layer_norm_${storage.x ?? 'float32'}`, dynamicShared),
    { grid: blocksOf(rows, warps), block, dynamicShared },
    [
      ...[x, residual ?? 0, gain, bias, sums ?? 0, y, rounded ?? 0, mean, rstd].map(pointer),
      ...[rows, columns].map(int),
      float(epsilon),
      ...dropoutParameters(args),
    ],
  );
}

/**
 * With n = (s − mean) · rstd and g = dy ∘ gain:
 *   ds = rstd · (g − mean_columns(g) − n · mean_columns(g ∘ n)), dx = ds ∘ mask, dResidual = ds,
 *   dGain (+)= Σ_rows dy ∘ n, dBias (+)= Σ_rows dy
 * x may be the `sums` of the forward pass; residual is then null.
 */
export function layerNormGrad(
  device: HostDevice,
  args: LayerNormShape &
    Dropout & {
      readonly x: Address; // [rows, columns]
      readonly residual: Address | null; // [rows, columns]
      readonly gain: Address; // [columns]
      readonly mean: Address; // [rows]
      readonly rstd: Address; // [rows]
      readonly dy: Address; // [rows, columns]
      readonly dx: Address; // [rows, columns]
      readonly dResidual: Address | null; // [rows, columns]; null if the forward pass had no residual
      readonly dGain: Address; // [columns]
      readonly dBias: Address; // [columns]
      readonly accumulateGain: boolean;
      readonly accumulateBias: boolean;
      /** How tables are stored; others are float32. dx is stored as x. */
      readonly storage?: Readonly<Partial<Record<'x' | 'dy', Storage>>>;
    },
): void {
  const { rows, columns } = args;
  const partRows = rowsOfPart(rows, 16);
  const count = blocksOf(rows, partRows);
  device.borrow(4 * 2 * count * columns, (parts) => {
    if (rows > 0 && columns > 0) firstStage(device, args, parts, { partRows, count });
    addColumnParts(device, parts, { count, columns }, [
      { address: args.dGain, accumulate: args.accumulateGain },
      { address: args.dBias, accumulate: args.accumulateBias },
    ]);
  });
}

/** dx, dResidual, and the sums over the rows of each part. */
function firstStage(
  device: HostDevice,
  args: Parameters<typeof layerNormGrad>[1],
  parts: Address,
  { partRows, count }: { readonly partRows: number; readonly count: number },
): void {
  const { x, residual, gain, mean, rstd, dy, dx, dResidual, rows, columns, storage = {} } = args;
  const { block, dynamicShared } = blockOf(device, columns, 3);
  const name = `layer_norm_grad_${storage.x ?? 'float32'}_of_${storage.dy ?? 'float32'}`;
  device.launcher.launch(
    device.modules.kernel('layer-norm', name, dynamicShared),
    { grid: count, block, dynamicShared },
    [
      ...[x, residual ?? 0, gain, mean, rstd, dy, dx, dResidual ?? 0, parts].map(pointer),
      ...[rows, columns, partRows].map(int),
      ...dropoutParameters(args),
    ],
  );
}
