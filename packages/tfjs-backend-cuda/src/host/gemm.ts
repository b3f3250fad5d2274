import { float, int, pointer } from '../launch.js';
import { bfloat16Copy } from './arena.js';
import {
  type Address,
  type Blas,
  blocksOf,
  type HostDevice,
  loopingBlocks,
  type Precision,
  type Storage,
} from './host-device.js';

/** C = alpha · op(A) · op(B) [+ C] [+ bias] [ReLU]; op(A) [m, k], op(B) [k, n] and C [m, n] are row-major. */
export interface Product {
  readonly a: Address; // [m, k], or [k, m] if transposed
  readonly b: Address; // [k, n], or [n, k] if transposed
  readonly c: Address; // [m, n]
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly alpha?: number;
  readonly accumulate?: boolean; // adds to C
  readonly bias?: Address | null; // [n]
  readonly relu?: boolean;
  readonly batches?: number; // matrices that follow each other in A, B and C
  /** Elements from one row of A to the next as it is stored: by default as many as it has. A is one matrix that is not rounded. */
  readonly rowStrideA?: number;
  readonly strideA?: number; // elements between them; 0 uses one matrix for all
  readonly strideB?: number;
  readonly precision?: Precision;
  /** How the matrices are stored. Operands in bfloat16 need that precision, C in bfloat16 also A that is not transposed. */
  readonly storage?: Readonly<Partial<Record<'a' | 'b' | 'c', Storage>>>;
}

const FINISH_THREADS = 256;

/** A grid has at most 65,535 blocks along the axis of the rows; large products have tiles of 128 rows. */
export const MOST_ROWS = 65_535 * 128;

/** Blocks that a product has at least, if k is long enough to be split. */
const ENOUGH_BLOCKS = 256;
/** Elements of k that a part sums at least. */
const SHORTEST_PART = 256;
const MOST_SPLITS = 16;

/**
 * The number of parts of k that different blocks sum, for products with few elements. It changes the order of sums, so
 * it depends on the shape only.
 */
export function splitsOf({ m, n, k, batches = 1 }: Pick<Product, 'm' | 'n' | 'k' | 'batches'>): number {
  const tiles = blocksOf(m, 64) * blocksOf(n, 64) * batches;
  return Math.max(1, Math.min(Math.floor(ENOUGH_BLOCKS / tiles), Math.floor(k / SHORTEST_PART), MOST_SPLITS));
}

/**
 * A matrix product: the only place that chooses its kernels. Each element is summed in float32 in the order of k, in
 * `splitsOf` parts.
 * @throws RangeError for matrices in bfloat16 that no kernel takes
 */
export function gemm(device: HostDevice, product: Product): void {
  const { m, n, batches = 1, precision = 'float32', transposeA = false, storage = {} } = product;
  const isTaken = precision === 'bfloat16' ? !(storage.c === 'bfloat16' && transposeA) : !isAnyRounded(storage);
  if (!isTaken) throw new RangeError(`no ${precision} product for storage ${JSON.stringify(storage)}`);
  if (m === 0 || n === 0 || batches === 0) return;
  if (precision === 'float32') multiplyParts(device, product);
  else withRoundedOperands(device, product, (rounded) => multiplyParts(device, rounded));
}

const isAnyRounded = (storage: Product['storage'] = {}): boolean => Object.values(storage).includes('bfloat16');

/** Lends A and B in bfloat16 to `work`. */
function withRoundedOperands(device: HostDevice, product: Product, work: (rounded: Product) => void): void {
  const { a, b, m, n, k, batches = 1, strideA = m * k, strideB = k * n, storage = {} } = product;
  const sizeA = m * k + (batches - 1) * strideA;
  const sizeB = k * n + (batches - 1) * strideB;
  withRounded(device, { x: a, size: sizeA, storage: storage.a }, (roundedA) => {
    withRounded(device, { x: b, size: sizeB, storage: storage.b }, (roundedB) => {
      work({ ...product, a: roundedA, b: roundedB });
    });
  });
}

/** Lends a copy of x in bfloat16 to `work`, or x itself if it is stored so. */
function withRounded(
  device: HostDevice,
  { x, size, storage }: { readonly x: Address; readonly size: number; readonly storage: Storage | undefined },
  work: (rounded: Address) => void,
): void {
  if (storage === 'bfloat16') {
    work(x);
    return;
  }
  device.borrow(2 * size, (rounded) => {
    bfloat16Copy(device, { x, y: rounded, size });
    work(rounded);
  });
}

/** The least size of the axes of a product that cuBLASLt computes. */
const LEAST_OF_BLAS = 64;

/**
 * Whether cuBLASLt computes a product where it is used. The rule knows the shape only, never times. ReLU is left to our
 * kernels, which keep NaN; so are matrices of other layouts and a result in bfloat16.
 */
export function isForBlas({ m, n, k, batches = 1, relu = false, transposeA, rowStrideA, storage }: Product): boolean {
  const isDense = rowStrideA === undefined || rowStrideA === (transposeA ? m : k);
  return batches === 1 && !relu && isDense && storage?.c !== 'bfloat16' && Math.min(m, n, k) >= LEAST_OF_BLAS;
}

function multiplyParts(device: HostDevice, product: Product): void {
  const { m, n, batches = 1 } = product;
  if (device.blas != null && isForBlas(product) && multiplyByBlas(device, device.blas, product)) return;
  const splits = splitsOf(product);
  if (splits === 1) {
    multiply(device, product, 1);
    return;
  }
  device.borrow(4 * batches * splits * m * n, (parts) => {
    const plain = { ...product, c: parts, storage: {}, alpha: 1, accumulate: false, bias: null, relu: false };
    multiply(device, plain, splits);
    addParts(device, product, parts, splits);
  });
}

function multiplyByBlas(device: HostDevice, blas: Blas, product: Product): boolean {
  const { transposeA = false, transposeB = false, accumulate = false, alpha = 1, bias, precision } = product;
  const operands = { ...product, bias: bias ?? 0, bfloat16: precision === 'bfloat16' };
  const { workspaceBytes } = blas;
  let isDone = false;
  device.borrow(workspaceBytes, (workspace) => {
    isDone = blas.multiply({ ...operands, transposeA, transposeB, accumulate, alpha, workspace, workspaceBytes });
  });
  return isDone;
}

/** The bytes of an operand's stages in cu/gemm-bfloat16.cu: three of 32 columns, or rows, and padding. */
const stagesBytes = (tile: number, isAlongDepth: boolean): number =>
  3 * 2 * (isAlongDepth ? tile * (32 + 8) : 32 * (tile + 8));

/**
 * A product whose operands are stored in its precision. With several splits, C is [batches, splits, m, n], the sums of the
 * parts of k, for a kernel that adds them; the product then has neither alpha, accumulate, bias nor ReLU.
 */
export function multiply(device: HostDevice, product: Product, splits: number): void {
  const { a, b, c, m, n, k, transposeA = false, transposeB = false, batches = 1 } = product;
  const { alpha = 1, accumulate = false, bias = null, relu = false, precision = 'float32' } = product;
  const { strideA = m * k, strideB = k * n, rowStrideA = transposeA ? m : k, storage = {} } = product;
  const isLarge = splits === 1 && blocksOf(m, 128) * blocksOf(n, 128) * batches >= device.multiprocessors;
  const [tile, threads] = isLarge ? [128, 256] : [64, 128];
  const suffix = `${transposeA ? 't' : 'n'}${transposeB ? 't' : 'n'}_${isLarge ? 'large' : 'small'}`;
  const prefix = `gemm_${precision}${storage.c === 'bfloat16' ? '_rounded' : ''}`;
  const dynamicShared = precision === 'float32' ? 0 : stagesBytes(tile, !transposeA) + stagesBytes(tile, transposeB);
  device.launcher.launch(
    device.modules.kernel(`gemm-${precision}`, `${prefix}_${suffix}`, dynamicShared),
    {
      grid: [blocksOf(n, tile), blocksOf(m, tile), batches * splits],
      block: threads,
      dynamicShared,
      flops: 2 * m * n * k * batches,
    },
    [
      ...[a, b, c, bias ?? 0].map(pointer),
      ...[m, n, k, rowStrideA, transposeB ? k : n, n, strideA, strideB, m * n, splits].map(int),
      float(alpha),
      int(Number(accumulate)),
      int(Number(relu)),
    ],
  );
}

function addParts(device: HostDevice, product: Product, parts: Address, splits: number): void {
  const { c, m, n, batches = 1, alpha = 1, accumulate = false, bias = null, relu = false, storage = {} } = product;
  const { c: storageC = 'float32' } = storage;
  device.launcher.launch(
    device.modules.kernel(`gemm-${storageC}`, `gemm_${storageC}_finish`),
    { grid: [loopingBlocks(device, m * n, FINISH_THREADS), batches, 1], block: FINISH_THREADS },
    [
      ...[parts, c, bias ?? 0].map(pointer),
      ...[m, n, n, m * n, splits].map(int),
      float(alpha),
      int(Number(accumulate)),
      int(Number(relu)),
    ],
  );
}
