import { float, int, type Parameter, pointer } from '../launch.js';
import { type Address, blocksOf, type HostDevice, loopingBlocks, type Storage } from './host-device.js';

/** One dropout site in one pass. Probability 0 means no dropout. */
export interface Dropout {
  readonly probability: number; // in [0, 1)
  readonly seed: number;
  readonly update: number;
  readonly microBatch: number;
  readonly site: number;
}

/** A dropout site as the last six parameters of a kernel, the fields of Dropout in cu/philox.h. */
export const dropoutParameters = ({ probability, seed, update, microBatch, site }: Dropout): Parameter[] => [
  int(Math.floor(probability * 2 ** 32)),
  float(1 / (1 - probability)),
  ...[seed, update, microBatch, site].map(int),
];

const THREADS = 256;

/** y = residual + x ∘ mask; a null residual counts as 0. The gradient is the same function of dy. */
export function dropout(
  device: HostDevice,
  args: Dropout & {
    readonly x: Address; // [rows, columns]
    readonly residual: Address | null; // [rows, columns]
    readonly y: Address; // [rows, columns]
    readonly rows: number;
    readonly columns: number;
    /** How tables are stored; others are float32. */
    readonly storage?: Readonly<Partial<Record<'x' | 'y', Storage>>>;
  },
): void {
  const { x, residual, y, rows, columns, storage = {} } = args;
  const groups = rows * blocksOf(columns, 4);
  if (groups === 0) return;
  device.launcher.launch(
    device.modules.kernel('dropout', `dropout_${storage.x ?? 'float32'}_to_${storage.y ?? 'float32'}`),
    { grid: loopingBlocks(device, groups, THREADS), block: THREADS },
    [...[x, residual ?? 0, y].map(pointer), ...[rows, columns].map(int), ...dropoutParameters(args)],
  );
}
