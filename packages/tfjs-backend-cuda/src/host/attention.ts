import { float, int, type Parameter, pointer } from '../launch.js';
import { type Dropout, dropoutParameters } from './dropout.js';
import { type Address, type HostDevice, type Precision, roundUp, type Storage } from './host-device.js';

/** Packed sentences: those of queries and keys have the same number. */
export interface AttentionShape extends Dropout {
  readonly sequences: number;
  readonly heads: number;
  readonly headDim: number; // 1 to LARGEST_HEAD
  readonly longestKey: number; // columns of the dropout mask
  readonly causal: boolean;
  /** How projections, contexts and their gradients are stored: float32 by default, bfloat16 only in that precision. */
  readonly storage?: Storage;
}

/** kTile in cu/attention-parts.h. */
const TILE = 32;
const THREADS = 128;

/** The largest size of an attention head that the kernels compute. */
export const LARGEST_HEAD = 128;

/** The largest head sizes of the kernels: columns beyond headDim count as 0. */
const HEAD_SIZES: Readonly<Record<Precision, readonly number[]>> = {
  float32: [16, 32, 64, LARGEST_HEAD],
  bfloat16: [32, 64, LARGEST_HEAD],
};

/** @throws RangeError if the heads are too large */
function kernelSize(headDim: number, precision: Precision): number {
  const size = HEAD_SIZES[precision].find((most) => headDim <= most);
  if (size === undefined) throw new RangeError(`attention heads of size ${headDim} are larger than ${LARGEST_HEAD}`);
  return size;
}

const TABLE_BYTES = 4 * TILE * (TILE + 4);

/** Bytes of a Tile in cu/attention-float32.cu and cu/attention-bfloat16.cu. */
const tileBytes = (size: number, precision: Precision): number =>
  precision === 'float32' ? 4 * TILE * (size + 4) : 2 * TILE * (size + 8);

/** sizeof(ForwardMemory) and sizeof(BackwardMemory) in cu/attention-kernels.h. */
const forwardBytes = (tile: number): number => roundUp(3 * tile + TABLE_BYTES + 3 * 4 * TILE + TILE, 16);
const backwardBytes = (tile: number): number => roundUp(4 * tile + 2 * TABLE_BYTES + 2 * 4 * TILE + TILE, 16);

/** Where the projections of a call are. Rows of queries, and of keys and values, are a stride of elements apart. */
interface Projections {
  readonly query: Address;
  readonly key: Address;
  readonly value: Address;
  readonly queryStride: number;
  readonly keyStride: number;
  readonly queryStarts: Address; // int32 [sequences + 1]
  readonly keyStarts: Address; // int32 [sequences + 1]
  readonly keyPadding: Address; // int32 [keyRows], 1 = padding
  readonly queryRows: number;
  readonly keyRows: number;
}

type Call = Projections & AttentionShape;

interface Launch {
  readonly name: string;
  readonly rows: number; // that tiles divide
  readonly bytes: (tile: number) => number; // of shared memory
}

function launch(device: HostDevice, { name, rows, bytes }: Launch, call: Call, addresses: readonly Address[]): void {
  const { queryStride, keyStride, sequences, heads, headDim, longestKey, causal, storage } = call;
  if (storage === 'bfloat16' && device.precision === 'float32')
    throw new RangeError('float32 attention of bfloat16 tables');
  if (rows === 0 || sequences === 0) return;
  const parameters: readonly Parameter[] = [
    ...addresses.map(pointer),
    ...[queryStride, keyStride, sequences, heads, headDim, longestKey, Number(causal)].map(int),
    float(1 / Math.sqrt(headDim)),
    ...dropoutParameters(call),
  ];
  // Sequence s has the slots from ⌊starts[s] / TILE⌋ + s on: see sequence_of in cu/attention-parts.h.
  const grid = [Math.floor(rows / TILE) + sequences, heads, 1] as const;
  const size = kernelSize(headDim, device.precision);
  const dynamicShared = bytes(tileBytes(size, device.precision));
  const stored = storage === 'bfloat16' ? `${name}_bfloat16` : name;
  const kernel = device.modules.kernel(`attention-${device.precision}`, `${stored}_${size}`, dynamicShared);
  device.launcher.launch(kernel, { grid, block: THREADS, dynamicShared }, parameters);
}

const inputsOf = ({ query, key, value, queryStarts, keyStarts, keyPadding }: Projections): readonly Address[] => [
  ...[query, key, value, queryStarts, keyStarts, keyPadding],
];

interface Results {
  readonly context: Address; // [queryRows, heads, headDim]
  readonly logSumExp: Address; // [heads · queryRows]
}

function attention(device: HostDevice, call: Call, { context, logSumExp }: Results): void {
  const launched = { name: 'attention', rows: call.queryRows, bytes: forwardBytes };
  launch(device, launched, call, [...inputsOf(call), context, logSumExp]);
}

/** The gradients' rows have the strides of the projections. */
function attentionGrad(
  device: HostDevice,
  call: Call,
  { context, logSumExp, dContext }: Results & { readonly dContext: Address },
  { dQuery, dKey, dValue }: { readonly dQuery: Address; readonly dKey: Address; readonly dValue: Address },
): void {
  const { queryRows, keyRows, heads } = call;
  device.borrow(4 * heads * queryRows, (delta) => {
    const queries = { name: 'attention_query_grad', rows: queryRows, bytes: backwardBytes };
    launch(device, queries, call, [...inputsOf(call), context, logSumExp, dContext, delta, dQuery]);
    const keys = { name: 'attention_key_grad', rows: keyRows, bytes: backwardBytes };
    launch(device, keys, call, [...inputsOf(call), logSumExp, dContext, delta, dKey, dValue]);
  });
}

interface SelfInputs extends AttentionShape {
  readonly queryKeyValue: Address; // [rows, 3, heads, headDim]
  readonly starts: Address; // int32 [sequences + 1]
  readonly keyPadding: Address; // int32 [rows]
  readonly rows: number;
}

interface CrossInputs extends AttentionShape {
  readonly query: Address; // [queryRows, heads, headDim]
  readonly queryStarts: Address; // int32 [sequences + 1]
  readonly keyValue: Address; // [keyRows, 2, heads, headDim]
  readonly keyStarts: Address; // int32 [sequences + 1]
  readonly keyPadding: Address; // int32 [keyRows]
  readonly queryRows: number;
  readonly keyRows: number;
}

/** The addresses of `parts` tables that share rows: the parts of a packed projection. */
const partsOf = (address: Address, { heads, headDim, storage }: AttentionShape, parts: number): Address[] =>
  Array.from({ length: parts }, (_, part) => address + (storage === 'bfloat16' ? 2 : 4) * part * heads * headDim);

function selfCall(args: SelfInputs): Call {
  const { queryKeyValue, starts, rows, heads, headDim } = args;
  const [query, key, value] = partsOf(queryKeyValue, args, 3) as [Address, Address, Address];
  const stride = 3 * heads * headDim;
  return {
    ...args,
    ...{ query, key, value, queryStride: stride, keyStride: stride },
    ...{ queryStarts: starts, keyStarts: starts, queryRows: rows, keyRows: rows },
  };
}

function crossCall(args: CrossInputs): Call {
  const { keyValue, heads, headDim } = args;
  const [key, value] = partsOf(keyValue, args, 2) as [Address, Address];
  return { ...args, key, value, queryStride: heads * headDim, keyStride: 2 * heads * headDim };
}

/** P = softmax(q · kᵀ / √headDim + mask), context = (P ∘ dropout mask) · v for every sentence and head. */
export const selfAttention = (device: HostDevice, args: SelfInputs & Results): void =>
  attention(device, selfCall(args), args);

/** context, logSumExp, dContext → dQueryKeyValue [rows, 3, heads, headDim]. Recomputes P from logSumExp. */
export function selfAttentionGrad(
  device: HostDevice,
  args: SelfInputs & Results & { readonly dContext: Address; readonly dQueryKeyValue: Address },
): void {
  const [dQuery, dKey, dValue] = partsOf(args.dQueryKeyValue, args, 3) as [Address, Address, Address];
  attentionGrad(device, selfCall(args), args, { dQuery, dKey, dValue });
}

export const crossAttention = (device: HostDevice, args: CrossInputs & Results): void =>
  attention(device, crossCall(args), args);

/** context, logSumExp, dContext → dQuery [queryRows, heads, headDim], dKeyValue [keyRows, 2, heads, headDim]. */
export function crossAttentionGrad(
  device: HostDevice,
  args: CrossInputs & Results & Readonly<Record<'dContext' | 'dQuery' | 'dKeyValue', Address>>,
): void {
  const [dKey, dValue] = partsOf(args.dKeyValue, args, 2) as [Address, Address];
  attentionGrad(device, crossCall(args), args, { dQuery: args.dQuery, dKey, dValue });
}
