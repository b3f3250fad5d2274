/** Window sizes: each window is `growth` times as large as the one before, up to `largest`. */
export interface WindowSizes {
  readonly first: number;
  readonly largest: number;
  readonly growth: number;
}

/**
 * Splits a stream into windows of growing size. Small windows at the start give early results. Large windows later
 * contain more lines of equal length. Only one window is in memory at a time.
 */
export async function* growingWindows<T>(
  items: AsyncIterable<T> | Iterable<T>,
  { first, largest, growth }: WindowSizes,
): AsyncGenerator<T[]> {
  let size = Math.min(first, largest);
  let window: T[] = [];
  for await (const item of items) {
    window.push(item);
    if (window.length < size) continue;
    yield window;
    window = [];
    size = Math.min(size * growth, largest);
  }
  if (window.length > 0) yield window;
}
