import type { RowLayout } from '../ops/row-layout.js';

/**
 * Position numbers as fairseq counts them: padIndex + 1 + index among the tokens that are no padding, padIndex at
 * padding; so they do not depend on how much padding stands before a sentence.
 * @param ids int32 [rows]
 */
export function positionNumbers(ids: Int32Array, { batch, starts }: RowLayout, padIndex: number): Int32Array {
  const positions = new Int32Array(ids.length);
  for (let sequence = 0; sequence < batch; sequence++) {
    let next = padIndex + 1;
    for (let row = starts[sequence]!; row < starts[sequence + 1]!; row++) {
      positions[row] = ids[row] === padIndex ? padIndex : next++;
    }
  }
  return positions;
}

/**
 * The sinusoidal table [sin | cos]: frequency k of half = embed / 2 is 10000^(−k / (half − 1)); the row of the padding
 * symbol is zero. Vaswani et al. 2017 with tensor2tensor's layout, as in fairseq.
 * @returns float32 [rows, embed], row-major
 */
export function sinusoidalTable(rows: number, embed: number, padIndex: number): Float32Array {
  const half = Math.floor(embed / 2);
  const table = new Float32Array(rows * embed);
  const step = Math.fround(-Math.log(10000) / (half - 1));
  for (let row = 0; row < rows; row++) {
    if (row === padIndex) continue;
    for (let k = 0; k < half; k++) {
      const angle = Math.fround(row * Math.fround(Math.exp(Math.fround(k * step))));
      table[row * embed + k] = Math.sin(angle);
      table[row * embed + half + k] = Math.cos(angle);
    }
  }
  return table;
}
