import { int, pointer } from '../launch.js';
import { type Address, blocksOf, type HostDevice } from './host-device.js';

const MOST_PARTS = 256;

/** The rows that one block of the first stage sums: it depends on the number of rows only, as the order of sums does. */
export const rowsOfPart = (rows: number, least: number): number => Math.max(least, blocksOf(rows, MOST_PARTS));

/** A table of sums that the second stage writes, or adds to. */
export interface ColumnSums {
  readonly address: Address; // [columns]
  readonly accumulate: boolean;
}

/** The second stage of sums over rows: sums[column] (+)= Σ_part parts[table, part, column], one table per result. */
export function addColumnParts(
  device: HostDevice,
  parts: Address, // [results, count, columns]
  { count, columns }: { readonly count: number; readonly columns: number },
  results: readonly [ColumnSums] | readonly [ColumnSums, ColumnSums],
): void {
  if (columns === 0) return;
  const [first, second = first] = results;
  device.launcher.launch(
    device.modules.kernel('column-sums', 'add_column_parts'),
    { grid: [blocksOf(columns, 32), results.length, 1], block: [32, 8, 1] },
    [
      ...[parts, first.address, second.address].map(pointer),
      ...[count, columns, Number(first.accumulate), Number(second.accumulate)].map(int),
    ],
  );
}
