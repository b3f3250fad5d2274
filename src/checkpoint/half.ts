/** Converts IEEE 754 half precision to float32, exactly. */
export function fromHalf(bits: Uint16Array): Float32Array {
  halves ??= everyHalf();
  const values = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index++) values[index] = halves[bits[index]!]!;
  return values;
}

/** Converts bfloat16, the upper half of a float32, to float32, exactly. */
export function fromBfloat16(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index++) wide[index] = bits[index]! << 16;
  return new Float32Array(wide.buffer);
}

/** Converts float32 to half precision: exactly for values from half precision, others are rounded towards zero. */
export function toHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, halfBits);
}

/** Converts float32 to bfloat16: exactly for values from bfloat16, others are rounded towards zero. */
export function toBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (word) => word >>> 16);
}

/** Rounds float32 to bfloat16: to the nearest value, ties to even. */
export function roundToBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (word) => {
    const isNotANumber = (word & 0x7fffffff) > 0x7f800000; // rounding could turn it into an infinity
    return isNotANumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  });
}

/** The value of each bit pattern, computed when the first checkpoint in half precision is read. */
let halves: Float32Array | null = null;

const everyHalf = (): Float32Array =>
  Float32Array.from({ length: 1 << 16 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });

function halfBits(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const exponent = ((word >>> 23) & 0xff) - 127;
  const fraction = word & 0x7fffff;
  if (exponent === 128) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  if (exponent > 15) return sign | 0x7c00;
  if (exponent >= -14) return sign | ((exponent + 15) << 10) | (fraction >>> 13);
  return exponent < -24 ? sign : sign | ((fraction | 0x800000) >>> (-exponent - 1));
}
