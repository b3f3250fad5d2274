/** Sizes of the first and of the largest window, and how much larger each is than the one before. */
export interface WindowSizes {
  readonly first: number;
  readonly most: number;
  readonly growth: number;
}

/**
 * Cuts a stream into windows: small ones first, so that what is made of them comes soon, then larger ones, in which more
 * lines of one length meet. No more than a window is in memory.
 */
export async function* growingWindows<T>(
  items: AsyncIterable<T> | Iterable<T>,
  { first, most, growth }: WindowSizes,
): AsyncGenerator<T[]> {
  let size = Math.min(first, most);
  let window: T[] = [];
  for await (const item of items) {
    window.push(item);
    if (window.length < size) continue;
    yield window;
    window = [];
    size = Math.min(size * growth, most);
  }
  if (window.length > 0) yield window;
}
