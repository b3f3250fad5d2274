import { float, int, pointer } from '../launch.js';
import { type Address, blocksOf, type HostDevice, loopingBlocks } from './host-device.js';
import { withSortedIds } from './radix-sort.js';

const THREADS = 256;
/** kColumns in cu/embedding.cu. */
const COLUMNS = 128;

/** y[i] = scale · weight[ids[i]] + positionTable[positions[i]]; NaN for an index outside its table. */
export function embedding(
  device: HostDevice,
  args: {
    readonly ids: Address; // int32 [tokens]
    readonly weight: Address; // [vocab, embed]
    readonly positions: Address; // int32 [tokens]
    readonly positionTable: Address; // [positionRows, embed]
    readonly y: Address; // [tokens, embed]
    readonly tokens: number;
    readonly embed: number;
    readonly vocab: number;
    readonly positionRows: number;
    readonly scale: number;
  },
): void {
  const { ids, weight, positions, positionTable, y, tokens, embed, vocab, positionRows, scale } = args;
  const groups = tokens * blocksOf(embed, 4);
  if (groups === 0) return;
  device.launcher.launch(
    device.modules.kernel('embedding', 'embedding'),
    { grid: loopingBlocks(device, groups, THREADS), block: THREADS },
    [
      ...[ids, weight, positions, positionTable, y].map(pointer),
      ...[tokens, embed, vocab, positionRows].map(int),
      float(scale),
    ],
  );
}

/**
 * table[ids[i]] += scale · dy[i], summed in the order of i, starting from zeros unless `accumulate`. Skips `skip` and
 * ids outside the table.
 */
export function scatterAdd(
  device: HostDevice,
  args: {
    readonly ids: Address; // int32 [tokens]
    readonly dy: Address; // [tokens, embed]
    readonly table: Address; // [rows, embed]
    readonly tokens: number;
    readonly rows: number;
    readonly embed: number;
    readonly scale: number;
    readonly skip: number;
    readonly accumulate: boolean;
  },
): void {
  const { ids, dy, table, tokens, rows, embed, scale, skip, accumulate } = args;
  if (!accumulate && rows * embed > 0) device.driver.fill({ address: table, word: 0, count: rows * embed });
  if (tokens === 0 || rows === 0 || embed === 0) return;
  withSortedIds(device, { ids, tokens, rows }, (sorted) => {
    device.launcher.launch(
      device.modules.kernel('embedding', 'scatter_add'),
      { grid: [tokens, blocksOf(embed, COLUMNS), 1], block: COLUMNS },
      [
        ...[sorted.ids, sorted.order, dy, table].map(pointer),
        ...[tokens, rows, embed].map(int),
        float(scale),
        int(skip),
      ],
    );
  });
}
