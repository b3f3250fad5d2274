import { float, int, type Parameter, pointer } from '../launch.js';
import { type Address, type HostDevice, type Precision, roundUp } from './host-device.js';

/** The gain and the bias of a layer normalisation, [columns] each. */
export interface Norm {
  readonly gain: Address;
  readonly bias: Address;
}

/** What both kernels write: x ← norm(x), operand = nextNorm(x). Without a norm the values stay. */
export interface EndOfRows {
  readonly x: Address; // [rows, columns]
  readonly norm: Norm | null;
  readonly nextNorm: Norm | null;
  readonly operand: Address | null; // [rows, columns] of `precision`
  readonly precision: Precision;
  readonly rows: number;
  readonly columns: number;
}

const THREADS = 128;

/** What `block_reduce` of cu/rows.h keeps in static shared memory. */
const STATIC_SHARED_BYTES = 4 * 32;

const norms = ({ norm, nextNorm, operand }: EndOfRows): Parameter[] =>
  [norm?.gain, norm?.bias, nextNorm?.gain, nextNorm?.bias, operand].map((address) => pointer(address ?? 0));

/** @throws RangeError if a row does not fit into shared memory */
function launch(device: HostDevice, name: string, args: EndOfRows, parameters: readonly Parameter[]): void {
  const { rows, columns, precision } = args;
  if (rows === 0) return;
  const dynamicShared = 4 * roundUp(columns, 4);
  if (dynamicShared + STATIC_SHARED_BYTES > device.sharedMemoryPerBlock)
    throw new RangeError(`a row of ${columns} columns does not fit into shared memory`);
  const kernel = device.modules.kernel('search-rows', `${name}_${precision}`, dynamicShared);
  device.launcher.launch(kernel, { grid: rows, block: THREADS, dynamicShared }, parameters);
}

/** x[i] = scale · tokens[ids[i]] + places[positions[i]], normalised as EndOfRows says. Ids must exist. */
export function embedRows(
  device: HostDevice,
  args: EndOfRows & {
    readonly ids: Address; // int32 [rows]
    readonly tokens: Address; // [vocab, columns]
    readonly places: Address; // [positions, columns]
    readonly positions: { readonly each: Address /* int32 [rows] */ } | { readonly all: number };
    readonly scale: number;
  },
): void {
  const { ids, tokens, places, positions, x, columns, scale } = args;
  const [each, all] = 'each' in positions ? [positions.each, 0] : [0, positions.all];
  launch(device, 'embed_rows', args, [
    ...[ids, tokens, each, places, x].map(pointer),
    ...norms(args),
    ...[all, columns].map(int),
    float(scale),
  ]);
}

/** x ← x + (Σ parts + sublayerBias), normalised as EndOfRows says: the end of a sublayer. */
export function endSublayer(
  device: HostDevice,
  args: EndOfRows & {
    readonly parts: Address; // [count, rows, columns], see `multiply`
    readonly sublayerBias: Address; // [columns]
    readonly count: number; // 0: x stays
  },
): void {
  const { x, parts, sublayerBias, columns, count } = args;
  launch(device, 'end_sublayer', args, [
    ...[x, parts, sublayerBias].map(pointer),
    ...norms(args),
    ...[columns, count].map(int),
  ]);
}
