/** Longer runs are split in two before they are summed. */
const BLOCK = 128;

/** numpy's `values.mean()`, equal to the last bit: summed pairwise in the precision of the array. */
export function numpyMean(values: Float64Array | Float32Array): number {
  const round = values instanceof Float32Array ? Math.fround : (value: number): number => value;
  return round(pairwiseSum(values, 0, values.length, round) / values.length);
}

function pairwiseSum(
  values: ArrayLike<number>,
  start: number,
  count: number,
  round: (value: number) => number,
): number {
  if (count < 8) {
    let sum = 0;
    for (let index = 0; index < count; index++) sum = round(sum + values[start + index]!);
    return sum;
  }
  if (count > BLOCK) {
    const half = Math.floor(count / 2);
    const first = half - (half % 8);
    const left = pairwiseSum(values, start, first, round);
    return round(left + pairwiseSum(values, start + first, count - first, round));
  }
  const lanes = Array.from({ length: 8 }, (_, lane) => values[start + lane]!);
  const blocks = count - (count % 8);
  for (let index = 8; index < blocks; index++) lanes[index % 8] = round(lanes[index % 8]! + values[start + index]!);
  const [a, b, c, d, e, f, g, h] = lanes as [number, number, number, number, number, number, number, number];
  let sum = round(round(round(a + b) + round(c + d)) + round(round(e + f) + round(g + h)));
  for (let index = blocks; index < count; index++) sum = round(sum + values[start + index]!);
  return sum;
}

/** Python's `statistics.mean(values)`: the exact mean, rounded once. */
export function exactMean(values: ArrayLike<number>): number {
  // Scores are below 2^44 and multiples of 2^−1074.
  let sum = 0n;
  for (let index = 0; index < values.length; index++) sum += scaled(values[index]!);
  return ratio(sum, BigInt(values.length) << SCALE);
}

const SCALE = 1074n;

/** value · 2^1074, an integer. */
function scaled(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const size = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return bits >> 63n === 1n ? -size : size;
}

/** a / b rounded to the nearest number. */
function ratio(a: bigint, b: bigint): number {
  if (a === 0n) return 0;
  const size = a < 0n ? -a : a;
  // 64 bits of the quotient, with a sticky last bit for the remainder, so that `Number` rounds correctly.
  const shift = 64 - (size.toString(2).length - b.toString(2).length);
  const [numerator, denominator] = shift >= 0 ? [size << BigInt(shift), b] : [size, b << BigInt(-shift)];
  const quotient = numerator / denominator;
  const sticky = numerator % denominator === 0n ? quotient : quotient | 1n;
  return Number(a < 0n ? -sticky : sticky) * 2 ** -shift;
}
