import * as tf from '../tf/index.js';

/**
 * The rows of a batch of sequences, sequence after sequence, without the padding of a [batch, time] table. Operations
 * on rows compute nothing for padding; attention finds the sequences by `starts`.
 */
export interface RowLayout {
  readonly batch: number; // sentences
  /** The number of columns of the table. */
  readonly time: number;
  readonly rows: number; // tokens of all sentences
  /** The number of rows of the longest sequence. */
  readonly longest: number;
  readonly starts: Int32Array; // [batch + 1], the first row of each sequence, then the number of rows
  readonly positions: Int32Array; // [rows], the index of each row in the table, sequence · time + column
  /** [rows], 1 for padding rows, which attention masks. Null if there are no padding rows. */
  readonly padding: Int32Array | null;
  /** Starts and padding on the device. The scope that created the layout owns them, later the scope that reads them. */
  readonly tensors: { readonly starts: tf.Tensor1D; readonly padding: tf.Tensor1D }; // int32
}

/** Which positions of a table become rows: those of tokens, or all. */
export type RowChoice = 'tokens' | 'all';

/** The layout of a table of token ids. */
export function tokenLayout(
  ids: Int32Array, // [batch, time]
  [batch, time]: readonly [number, number],
  padIndex: number,
  choice: RowChoice = 'tokens',
): RowLayout {
  const { starts, positions } = tokenRows(ids, [batch, time], padIndex, choice);
  const padding = choice === 'all' ? ids.map((id) => (id === padIndex ? 1 : 0)) : null;
  return layoutOf(batch, time, starts, positions, padding);
}

/** The part of `tokenLayout` that does not need a device. */
export function tokenRows(
  ids: Int32Array, // [batch, time]
  [batch, time]: readonly [number, number],
  padIndex: number,
  choice: RowChoice = 'tokens',
): Pick<RowLayout, 'starts' | 'positions'> {
  const starts = new Int32Array(batch + 1);
  const positions: number[] = [];
  for (let sequence = 0; sequence < batch; sequence++) {
    for (let at = sequence * time; at < (sequence + 1) * time; at++) {
      if (choice === 'all' || ids[at] !== padIndex) positions.push(at);
    }
    starts[sequence + 1] = positions.length;
  }
  return { starts, positions: Int32Array.from(positions) };
}

/** The layout of a table without padding. */
export function fullLayout(batch: number, time: number): RowLayout {
  const starts = Int32Array.from({ length: batch + 1 }, (_, sequence) => sequence * time);
  const positions = Int32Array.from({ length: batch * time }, (_, position) => position);
  return layoutOf(batch, time, starts, positions, null);
}

/** The layout of some of the sequences in this order, and the indices of their rows. */
export function selectSequences(
  { time, starts, positions, padding }: RowLayout,
  sequences: Int32Array,
): { layout: RowLayout; rows: Int32Array } {
  const rows: number[] = [];
  const newStarts = new Int32Array(sequences.length + 1);
  const newPositions: number[] = [];
  sequences.forEach((sequence, index) => {
    for (let row = starts[sequence]!; row < starts[sequence + 1]!; row++) {
      rows.push(row);
      newPositions.push(index * time + (positions[row]! - sequence * time));
    }
    newStarts[index + 1] = rows.length;
  });
  const kept = padding === null ? null : Int32Array.from(rows, (row) => padding[row]!);
  return {
    layout: layoutOf(sequences.length, time, newStarts, Int32Array.from(newPositions), kept),
    rows: Int32Array.from(rows),
  };
}

function layoutOf(
  batch: number,
  time: number,
  starts: Int32Array,
  positions: Int32Array,
  padding: Int32Array | null,
): RowLayout {
  let longest = 0;
  for (let sequence = 0; sequence < batch; sequence++) {
    longest = Math.max(longest, starts[sequence + 1]! - starts[sequence]!);
  }
  const upload = (): RowLayout['tensors'] => ({
    starts: tf.tensor1d(starts, 'int32'),
    padding: tf.tensor1d(padding ?? new Int32Array(positions.length), 'int32'),
  });
  let tensors = upload();
  return {
    ...{ batch, time, rows: positions.length, longest, starts, positions, padding },
    get tensors() {
      if (tensors.starts.isDisposed) tensors = upload();
      return tensors;
    },
  };
}

/** Converts rows to a table with zeros at padding: float32 [batch, time, columns]. */
export function toTable(rows: tf.Tensor2D /* float32 [rows, columns] */, layout: RowLayout): tf.Tensor3D {
  const places = new Int32Array(layout.batch * layout.time).fill(layout.rows);
  layout.positions.forEach((position, row) => {
    places[position] = row;
  });
  const spread = tf.customGrad((x) => ({
    value: gatherOrZero(x as tf.Tensor2D, places),
    gradFunc: (dy: tf.Tensor) => tf.tidy(() => tf.gather(dy, tf.tensor1d(layout.positions, 'int32'))),
  }));
  return tf.reshape(spread(rows), [layout.batch, layout.time, rows.shape[1]]);
}

/** The rows of a table: float32 [rows, columns]. */
export function toRows(table: tf.Tensor3D /* float32 [batch, time, columns] */, layout: RowLayout): tf.Tensor2D {
  return gatherRows(tf.reshape(table, [-1, table.shape[2]]), layout.positions);
}

/**
 * Selects rows of a matrix: y[i] = x[index[i]]. No row is selected twice, so the gradient is a look-up by the inverse
 * index, with zeros for rows that are not selected: dx[j] = dy[i] if index[i] = j, else 0. (In tfjs the gradient of
 * gather is a scatter-add, which is slow in JavaScript and missing on wasm.)
 * @returns float32 [index.length, columns]
 */
export function gatherRows(
  x: tf.Tensor2D, // float32 [rows, columns]
  index: Int32Array, // each row at most once
): tf.Tensor2D {
  const rows = x.shape[0];
  if (isEveryRow(index, rows)) return x;
  const gather = tf.customGrad((input) => ({
    value: tf.gather(input as tf.Tensor2D, tf.tensor1d(index, 'int32')),
    gradFunc: (dy: tf.Tensor) => tf.tidy(() => gatherOrZero(dy as tf.Tensor2D, inverse(index, rows))),
  }));
  return gather(x) as tf.Tensor2D;
}

/** y[i] = x[index[i]], or zeros if index[i] is the number of rows. */
function gatherOrZero(x: tf.Tensor2D, index: Int32Array): tf.Tensor2D {
  const withZeros = tf.concat([x, tf.zeros<tf.Rank.R2>([1, x.shape[1]])]);
  return tf.gather(withZeros, tf.tensor1d(index, 'int32'));
}

function isEveryRow(index: Int32Array, rows: number): boolean {
  return index.length === rows && index.every((row, position) => row === position);
}

/** The position of each row in `index`; `index.length` for rows that it does not contain: int32 [rows]. */
function inverse(index: Int32Array, rows: number): Int32Array {
  const positions = new Int32Array(rows).fill(index.length);
  for (let position = 0; position < index.length; position++) positions[index[position]!] = position;
  return positions;
}
