import { float, int, pointer } from '../launch.js';
import { type Address, blocksOf, type HostDevice, type Precision } from './host-device.js';

interface Heads {
  readonly heads: number;
  readonly headDim: number; // 1 to 128
  /** The type of stored keys, values and contexts. */
  readonly precision: Precision;
}

/** A projection of the newest tokens: Σ parts + bias, see `multiply`. */
interface Projection {
  readonly parts: Address; // [count, rows, columns]
  readonly bias: Address; // [columns]
  readonly count: number;
}

const THREADS = 128;

/** kQueries in cu/decoding-attention.cu. */
const QUERIES = 4;

/** The largest head sizes of the kernels: columns beyond headDim count as 0. */
const HEAD_SIZES = [16, 32, 64, 128];

/** @throws RangeError if the heads are too large */
function kernelName(name: string, { headDim, precision }: Heads): string {
  const size = HEAD_SIZES.find((most) => headDim <= most);
  if (size === undefined) throw new RangeError(`attention heads of size ${headDim} are larger than 128`);
  return `${name}_${precision}_${size}`;
}

/**
 * after[i] = before[parents[i]], followed by the address places + i · placeBytes. A history [rows, capacity] has the
 * address of the keys and values of each position of a hypothesis.
 */
export function extendHistory(
  device: HostDevice,
  args: {
    readonly before: Address; // uint64 [.., beforeCapacity]
    readonly after: Address; // uint64 [rows, capacity]
    readonly parents: Address; // int32 [rows]
    readonly places: Address;
    readonly rows: number;
    readonly length: number; // positions in `before`
    readonly beforeCapacity: number;
    readonly capacity: number; // more than length
    readonly placeBytes: number;
  },
): void {
  const { before, after, parents, places, rows, length, beforeCapacity, capacity, placeBytes } = args;
  if (rows === 0) return;
  device.launcher.launch(
    device.modules.kernel('decoding-attention', 'extend_history'),
    { grid: rows, block: THREADS },
    [...[before, after, parents, places].map(pointer), ...[length, beforeCapacity, capacity, placeBytes].map(int)],
  );
}

/**
 * Writes the keys and values of the projection [q | k | v] to the newest place of each row, [layers, 2 · embed] = [k | v], and
 * computes contexts = softmax(q · kᵀ / √headDim) · v over the places of its history.
 */
export function attendPast(
  device: HostDevice,
  args: Heads &
    Projection & {
      readonly history: Address; // uint64 [rows, capacity]
      readonly contexts: Address; // [rows, embed] of `precision`
      readonly rows: number;
      readonly length: number; // positions, with the newest one
      readonly capacity: number;
      readonly layer: number;
    },
): void {
  const { parts, bias, count, history, contexts, rows, length, capacity, layer, heads, headDim } = args;
  if (rows === 0) return;
  device.launcher.launch(
    device.modules.kernel('decoding-attention', kernelName('attend_past', args)),
    { grid: [rows, heads, 1], block: THREADS },
    [
      ...[parts, bias, history, contexts].map(pointer),
      ...[count, length, capacity, layer, heads, headDim].map(int),
      float(1 / Math.sqrt(headDim)),
    ],
  );
}

/**
 * contexts = softmax(q · kᵀ / √headDim) · v over the source of each sentence. Row i · beams + j is hypothesis j of sentence
 * sentences[i], which has the rows [starts[sentence], starts[sentence + 1]) of keyValue.
 */
export function attendSource(
  device: HostDevice,
  args: Heads &
    Projection & {
      readonly keyValue: Address; // [source rows, 2 · embed] = [k | v] of `precision`
      readonly sentences: Address; // int32 [sentenceCount]
      readonly starts: Address; // int32
      readonly contexts: Address; // [sentenceCount · beams, embed] of `precision`
      readonly sentenceCount: number;
      readonly beams: number;
    },
): void {
  const { parts, bias, count, keyValue, sentences, starts, contexts, sentenceCount, beams, heads, headDim } = args;
  if (sentenceCount === 0 || beams === 0) return;
  device.launcher.launch(
    device.modules.kernel('decoding-attention', kernelName('attend_source', args)),
    { grid: [sentenceCount, heads, blocksOf(beams, QUERIES)], block: THREADS },
    [
      ...[parts, bias, keyValue, sentences, starts, contexts].map(pointer),
      ...[count, beams, heads, headDim].map(int),
      float(1 / Math.sqrt(headDim)),
    ],
  );
}
