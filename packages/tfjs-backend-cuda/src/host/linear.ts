import { int, pointer } from '../launch.js';
import { addColumnParts, rowsOfPart } from './column-sums.js';
import { gemm } from './gemm.js';
import { type Address, blocksOf, type HostDevice } from './host-device.js';

interface LinearShape {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly relu: boolean;
}

/** y = x · Wᵀ + b, with ReLU if `relu`. */
export function linear(
  device: HostDevice,
  args: LinearShape & {
    readonly x: Address; // [rows, inputs]
    readonly weight: Address; // [outputs, inputs]
    readonly bias: Address; // [outputs]
    readonly y: Address; // [rows, outputs]
  },
): void {
  const { x, weight, bias, y, rows, inputs, outputs, relu } = args;
  const { precision } = device;
  gemm(device, { a: x, b: weight, c: y, m: rows, n: outputs, k: inputs, transposeB: true, bias, relu, precision });
}

/** dx = dz · W, dWeight (+)= dzᵀ · x, dBias (+)= Σ_rows dz; dz = dy where y > 0 under ReLU, else dy. */
export function linearGrad(
  device: HostDevice,
  args: LinearShape & {
    readonly x: Address; // [rows, inputs]
    readonly weight: Address; // [outputs, inputs]
    readonly y: Address; // [rows, outputs], read for ReLU only
    readonly dy: Address; // [rows, outputs]
    readonly dx: Address; // [rows, inputs]
    readonly dWeight: Address; // [outputs, inputs]
    readonly dBias: Address; // [outputs]
    readonly accumulateWeight: boolean;
    readonly accumulateBias: boolean;
  },
): void {
  const { x, weight, dy, dx, dWeight, rows, inputs, outputs, relu, accumulateWeight } = args;
  const products = (dz: Address): void => {
    const { precision } = device;
    gemm(device, { a: dz, b: weight, c: dx, m: rows, n: inputs, k: outputs, precision });
    gemm(device, {
      ...{ a: dz, b: x, c: dWeight, m: outputs, n: inputs, k: rows, transposeA: true },
      ...{ accumulate: accumulateWeight, precision },
    });
  };
  if (!relu) {
    biasGradient(device, args, 0);
    products(dy);
    return;
  }
  device.borrow(4 * rows * outputs, (dz) => {
    biasGradient(device, args, dz);
    products(dz);
  });
}

/** dBias (+)= Σ_rows dz. Under ReLU it also writes dz. */
function biasGradient(
  device: HostDevice,
  args: Omit<LinearShape, 'inputs'> & Readonly<Record<'y' | 'dy' | 'dBias', Address>> & { accumulateBias: boolean },
  dz: Address,
): void {
  const { y, dy, dBias, rows, outputs, relu, accumulateBias } = args;
  const partRows = rowsOfPart(rows, 32);
  const count = blocksOf(rows, partRows);
  device.borrow(4 * count * outputs, (parts) => {
    if (rows > 0 && outputs > 0) {
      device.launcher.launch(
        device.modules.kernel('linear', 'linear_bias_grad'),
        { grid: [blocksOf(outputs, 32), count, 1], block: [32, 8, 1] },
        [...[dy, relu ? y : 0, dz, parts].map(pointer), ...[rows, outputs, partRows].map(int)],
      );
    }
    const sums = { address: dBias, accumulate: accumulateBias };
    addColumnParts(device, parts, { count, columns: outputs }, [sums]);
  });
}
