import { UserError } from '../errors.js';
import type { RowLayout } from '../ops/row-layout.js';

/**
 * Position numbers as in fairseq: padIndex + 1 + the index among the tokens of the sentence, and padIndex for padding.
 * Padding before a sentence does not change them.
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

/** The largest table of positions: 8 GiB. */
const MAX_VALUES = 2 ** 31;

/** A table of sinusoidal positions, float32 [rows, embed]. Rows are computed on demand. */
export class SinusoidalTable {
  #values: Float32Array | null = null;
  #computed = 0;

  /** @throws UserError for a table larger than 8 GiB */
  constructor(
    readonly rows: number,
    readonly embed: number,
    readonly padIndex: number,
  ) {
    if (rows * embed <= MAX_VALUES) return;
    throw new UserError(
      `${rows} positions of width ${embed} are a table of ${((4 * rows * embed) / 2 ** 30).toPrecision(3)} GiB`,
      'use a model with smaller --max-source-positions and --max-target-positions',
    );
  }

  /** float32 [rows, embed], row-major; rows that are not computed yet are zero. */
  get values(): Float32Array {
    this.#values ??= new Float32Array(this.rows * this.embed);
    return this.#values;
  }

  /** Computes all rows before `end`. */
  fillTo(end: number): void {
    for (let row = this.#computed; row < Math.min(end, this.rows); row++) {
      if (row !== this.padIndex) sinusoidalRow(row, this.values.subarray(row * this.embed, (row + 1) * this.embed));
    }
    this.#computed = Math.max(this.#computed, end);
  }
}

/**
 * Writes one row of the sinusoidal table [sin | cos]. With half = embed / 2, frequency k is 10000^(−k / (half − 1)).
 * This is Vaswani et al. 2017 in tensor2tensor's layout, as in fairseq.
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
