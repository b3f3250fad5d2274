/** How the elements of a table are placed in several arrays: for each axis its size, and its stride in each array. */
export interface Layout {
  readonly sizes: readonly number[];
  readonly strides: readonly (readonly number[])[]; // [arrays][axes]
}

/** The strides of a shape whose elements lie in order. */
export function contiguous(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/**
 * The same elements in the same order with as few axes as possible: axes of one element are left out, and neighbours are
 * joined where all arrays allow it.
 */
export function collapse({ sizes, strides }: Layout): Layout {
  const joined: number[] = [];
  const kept: number[][] = strides.map(() => []);
  for (const [axis, size] of sizes.entries()) {
    if (size === 1) continue;
    const last = joined.length - 1;
    const joins = last >= 0 && strides.every((of, array) => kept[array]![last] === of[axis]! * size);
    if (joins) {
      joined[last]! *= size;
      for (const [array, of] of strides.entries()) kept[array]![last] = of[axis]!;
    } else {
      joined.push(size);
      for (const [array, of] of strides.entries()) kept[array]!.push(of[axis]!);
    }
  }
  return { sizes: joined, strides: kept };
}

/** The same layout with exactly this many axes, the new ones in front; null if it has more. */
export function withAxes({ sizes, strides }: Layout, count: number): Layout | null {
  const missing = count - sizes.length;
  if (missing < 0) return null;
  const fill = (value: number): number[] => new Array<number>(missing).fill(value);
  return { sizes: [...fill(1), ...sizes], strides: strides.map((of) => [...fill(0), ...of]) };
}
