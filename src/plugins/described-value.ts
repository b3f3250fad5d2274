/** Describes a wrong value in words, for a message: `missing`, `a promise`, `a tensor of shape [2,3]`. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return value === null ? 'null' : 'missing';
  if (isPromise(value)) return 'a promise';
  const shape = shapeOf(value);
  if (shape !== null) return `a tensor of shape [${String(shape)}]`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'object' ? `an object of ${value.constructor?.name ?? 'no class'}` : `a ${typeof value}`;
}

/** Whether a value is a promise: an asynchronous function returned it. */
export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/** The shape of a tensor; null for any other value. */
export function shapeOf(value: unknown): readonly number[] | null {
  if (typeof value !== 'object' || value === null || !('shape' in value) || !('dataId' in value)) return null;
  return Array.isArray(value.shape) ? (value.shape as number[]) : null;
}
