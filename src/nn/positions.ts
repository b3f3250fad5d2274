import { UserError } from '../errors.js';
import type { RowLayout } from '../ops/row-layout.js';

/**
 * Position numbers as fairseq counts them: padIndex + 1 + index among the tokens that are no padding, padIndex at
 * padding; so they do not depend on how much padding stands before a sentence.
 * @param ids int32 [rows]
 */
export function positionNumbers(
  ids: Int32Array,
  { batch, starts }: Pick<RowLayout, 'batch' | 'starts'>,
  padIndex: number,
): Int32Array {
  const positions = new Int32Array(ids.length);
  for (let sequence = 0; sequence < batch; sequence++) {
    let next = padIndex + 1;
    for (let row = starts[sequence]!; row < starts[sequence + 1]!; row++) {
      positions[row] = ids[row] === padIndex ? padIndex : next++;
    }
  }
  return positions;
}

/** Most values of a table of positions: 8 GiB. */
const MOST_VALUES = 2 ** 31;

/** A table of positions, float32 [rows, embed], whose rows are computed when they are first needed. */
export class SinusoidalTable {
  #values: Float32Array | null = null;
  #computed = 0;

  /** @throws UserError for a table that no machine should make */
  constructor(
    readonly rows: number,
    readonly embed: number,
    readonly padIndex: number,
  ) {
    if (rows * embed <= MOST_VALUES) return;
    throw new UserError(
      `${rows} positions of width ${embed} are a table of ${((4 * rows * embed) / 2 ** 30).toPrecision(3)} GiB`,
      'use a model of smaller --max-source-positions and --max-target-positions',
    );
  }

  /** float32 [rows, embed], row-major; zeros where no row was asked for yet */
  get values(): Float32Array {
    this.#values ??= new Float32Array(this.rows * this.embed);
    return this.#values;
  }

  /** Computes the rows before `end` that are not there yet. */
  fillTo(end: number): void {
    for (let row = this.#computed; row < Math.min(end, this.rows); row++) {
      if (row !== this.padIndex) sinusoidalRow(row, this.values.subarray(row * this.embed, (row + 1) * this.embed));
    }
    this.#computed = Math.max(this.#computed, end);
  }
}

/**
 * A row of the sinusoidal table [sin | cos]: frequency k of half = embed / 2 is 10000^(−k / (half − 1)); the row of the padding
 * symbol is zero. Vaswani et al. 2017 with tensor2tensor's layout, as in fairseq.
 */
function sinusoidalRow(row: number, target: Float32Array /* [embed] */): void {
  const half = Math.floor(target.length / 2);
  const step = Math.fround(-Math.log(10000) / (half - 1));
  for (let k = 0; k < half; k++) {
    const angle = Math.fround(row * Math.fround(Math.exp(Math.fround(k * step))));
    target[k] = Math.sin(angle);
    target[half + k] = Math.cos(angle);
  }
}
