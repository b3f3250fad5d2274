/**
 * Compares strings by code point, like Python. JavaScript's `<` compares UTF-16 units, which orders characters above
 * U+FFFF before those from U+E000 on.
 *
 * @returns negative, zero or positive, for `Array.sort`
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return orderOfUnit(left) - orderOfUnit(right);
  }
  return a.length - b.length;
}

/** Orders surrogates after all other units. */
const orderOfUnit = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
