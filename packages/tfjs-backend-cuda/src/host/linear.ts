import { int, pointer } from '../launch.js';
import { addColumnParts, rowsOfPart } from './column-sums.js';
import { gemm } from './gemm.js';
import { type Address, blocksOf, type HostDevice, type Storage } from './host-device.js';

interface LinearShape {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly relu: boolean;
}

/** How tables are stored. In bfloat16 precision they may be bfloat16. */
type Stored<Name extends string> = Readonly<Partial<Record<Name, Storage>>>;

/** y = x · Wᵀ + b, with ReLU if `relu`. */
export function linear(
  device: HostDevice,
  args: LinearShape & {
    readonly x: Address; // [rows, inputs]
    readonly weight: Address; // [outputs, inputs]
    readonly bias: Address; // [outputs]
    readonly y: Address; // [rows, outputs]
    readonly storage?: Stored<'x' | 'weight' | 'y'>;
  },
): void {
  const { x, weight, bias, y, rows, inputs, outputs, relu, storage = {} } = args;
  const { precision } = device;
  gemm(device, {
    ...{ a: x, b: weight, c: y, m: rows, n: outputs, k: inputs, transposeB: true, bias, relu, precision },
    storage: { a: storage.x, b: storage.weight, c: storage.y },
  });
}

/** dx = dz · W, dWeight (+)= dzᵀ · x, dBias (+)= Σ_rows dz; dz = dy where y > 0 under ReLU, else dy. */
export function linearGrad(
  device: HostDevice,
  args: LinearShape & {
    readonly x: Address; // [rows, inputs]
    readonly weight: Address; // [outputs, inputs]
    readonly y: Address; // [rows, outputs], read for ReLU only; stored as dy
    readonly dy: Address; // [rows, outputs]
    readonly dx: Address; // [rows, inputs]
    readonly dWeight: Address; // [outputs, inputs]
    readonly dBias: Address; // [outputs]
    readonly accumulateWeight: boolean;
    readonly accumulateBias: boolean;
    readonly storage?: Stored<'x' | 'weight' | 'dy' | 'dx'>;
  },
): void {
  const { x, weight, dy, dx, dWeight, rows, inputs, outputs, relu, accumulateWeight, storage = {} } = args;
  const { precision } = device;
  const products = (dz: Address): void => {
    gemm(device, {
      ...{ a: dz, b: weight, c: dx, m: rows, n: inputs, k: outputs, precision },
      storage: { a: precision, b: storage.weight, c: storage.dx },
    });
    gemm(device, {
      ...{ a: dz, b: x, c: dWeight, m: outputs, n: inputs, k: rows, transposeA: true },
      ...{ accumulate: accumulateWeight, precision, storage: { a: precision, b: storage.x } },
    });
  };
  // Both products multiply dz as it is stored here.
  if (!relu && (storage.dy ?? 'float32') === precision) {
    biasGradient(device, args, null);
    products(dy);
    return;
  }
  device.borrow((precision === 'float32' ? 4 : 2) * rows * outputs, (dz) => {
    biasGradient(device, args, dz);
    products(dz);
  });
}

/** dBias (+)= Σ_rows dz. Also writes dz, in the precision of products, unless its address is null. */
function biasGradient(device: HostDevice, args: Parameters<typeof linearGrad>[1], dz: Address | null): void {
  const { y, dy, dBias, rows, outputs, relu, accumulateBias, storage = {} } = args;
  const partRows = rowsOfPart(rows, 32);
  const count = blocksOf(rows, partRows);
  device.borrow(4 * count * outputs, (parts) => {
    if (rows > 0 && outputs > 0) {
      device.launcher.launch(
        device.modules.kernel('linear', `linear_bias_grad_${storage.dy ?? 'float32'}_to_${device.precision}`),
        { grid: [blocksOf(outputs, 32), count, 1], block: [32, 8, 1] },
        [...[dy, relu ? y : 0, dz ?? 0, parts].map(pointer), ...[rows, outputs, partRows].map(int)],
      );
    }
    const sums = { address: dBias, accumulate: accumulateBias };
    addColumnParts(device, parts, { count, columns: outputs }, [sums]);
  });
}
