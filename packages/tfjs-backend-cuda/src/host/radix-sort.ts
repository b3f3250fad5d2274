import { int, pointer } from '../launch.js';
import { type Address, blocksOf, type HostDevice } from './host-device.js';

/** kDigits in cu/radix-sort.cu. */
const DIGITS = 256;
const DIGIT_BITS = 8;

/** The result of a sort: the ids, and the token that each belongs to. */
interface Sorted {
  readonly ids: Address; // int32 [tokens]
  readonly order: Address; // int32 [tokens]
}

/**
 * Sorts tokens by their ids, tokens of equal ids by their order, and lends the result to the kernels that `work` starts.
 * Ids outside [0, rows) come last, in their order.
 */
export function withSortedIds(
  device: HostDevice,
  args: {
    readonly ids: Address; // int32 [tokens]
    readonly tokens: number;
    readonly rows: number;
  },
  work: (sorted: Sorted) => void,
): void {
  const { ids, tokens, rows } = args;
  const tiles = blocksOf(tokens, DIGITS);
  device.borrow(4 * (4 * tokens + DIGITS * tiles), (memory) => {
    const [first, second] = [0, 1].map((table): Sorted => {
      const address = memory + 8 * tokens * table;
      return { ids: address, order: address + 4 * tokens };
    }) as [Sorted, Sorted];
    const places = memory + 16 * tokens; // int32 [tiles, DIGITS]
    let [from, to]: [Sorted, Sorted] = [{ ids, order: 0 }, first];
    for (let shift = 0; shift === 0 || rows >= 2 ** shift; shift += DIGIT_BITS) {
      sortByDigit(device, { from, to, places, tokens, rows, shift });
      [from, to] = [to, to === first ? second : first];
    }
    work(from);
  });
}

function sortByDigit(
  device: HostDevice,
  args: Readonly<Record<'from' | 'to', Sorted>> & Readonly<Record<'places' | 'tokens' | 'rows' | 'shift', number>>,
): void {
  const { from, to, places, tokens, rows, shift } = args;
  const tiles = blocksOf(tokens, DIGITS);
  const launch = (name: string, grid: number, addresses: readonly Address[], integers: readonly number[]): void =>
    device.launcher.launch(device.modules.kernel('radix-sort', name), { grid, block: DIGITS }, [
      ...addresses.map(pointer),
      ...integers.map(int),
    ]);
  launch('count_digits', tiles, [from.ids, places], [tokens, rows, shift]);
  launch('find_places', 1, [places], [tiles]);
  launch('place_tokens', tiles, [from.ids, from.order, places, to.ids, to.order], [tokens, rows, shift]);
}
