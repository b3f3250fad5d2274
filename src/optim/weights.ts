import { checkStored, modelMismatch, type Parameter, type ParameterStore } from './parameter-store.js';

/** A tensor of a checkpoint. */
interface Weight {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>; // [∏ shape]
}

/** The values of a parameter as a checkpoint stores them: a view of the arena. */
interface StoredWeight {
  readonly dtype: 'F32';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** All parameters under their names in checkpoints. The data are views of the arena, which must be on the host. */
export function storeWeights(store: ParameterStore, arena: Float32Array = store.values): Map<string, StoredWeight> {
  store.requireOnHost(arena);
  return new Map(
    store.parameters.map((parameter) => [
      parameter.name,
      { dtype: 'F32', shape: parameter.shape, data: store.view(arena, parameter) },
    ]),
  );
}

/** Frees the memory of an array that is no longer read. */
export type Release = (values: Float32Array) => void;

/**
 * Fills a model's parameters from a checkpoint and updates the device.
 * @param source the checkpoint, for messages
 * @param release frees each of the `weights` after it was copied; null if they are still needed
 * @throws UserError if a parameter is missing, unknown, of another shape or not float32
 */
export function loadWeights(
  store: ParameterStore,
  weights: ReadonlyMap<string, Weight>,
  source: string,
  release: Release | null = null,
): void {
  fillArena(store, store.values, weights, source, release);
  store.valuesChanged();
}

/** Fills an arena of a model from a checkpoint. @throws UserError as `loadWeights` does */
export function fillArena(
  store: ParameterStore,
  arena: Float32Array,
  weights: ReadonlyMap<string, Weight>,
  source: string,
  release: Release | null = null,
): void {
  checkWeights(store, weights, source);
  const shared = sharedBuffers(weights);
  for (const parameter of store.parameters) {
    const data = weights.get(parameter.name)!.data as Float32Array;
    store.view(arena, parameter).set(data);
    if (!shared.has(data.buffer)) release?.(data);
  }
}

/** @throws UserError if a parameter is missing, unknown, of another shape or not float32 */
export function checkWeights(
  store: ParameterStore,
  weights: ReadonlyMap<string, Pick<Weight, 'dtype' | 'shape'>>,
  source: string,
): void {
  checkNames(store, weights, source);
  for (const { name, shape } of store.parameters) {
    checkStored({ source, shapes: weights }, name, shape);
    const { dtype } = weights.get(name)!;
    if (dtype !== 'F32') throw modelMismatch(`${name} is ${dtype} in ${source}, not F32`);
  }
}

/** @throws UserError if a checkpoint has a parameter that the model lacks */
export function checkNames(store: ParameterStore, weights: ReadonlyMap<string, unknown>, source: string): void {
  const known = new Set(store.parameters.map(({ name }) => name));
  const unknown = [...weights.keys()].find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw modelMismatch(`${source} has the parameter ${unknown}, which this model does not have`);
}

/** The buffers that contain several weights, as tied weights of fairseq's checkpoints do. */
function sharedBuffers(weights: ReadonlyMap<string, Weight>): ReadonlySet<ArrayBufferLike> {
  const seen = new Set<ArrayBufferLike>();
  const shared = new Set<ArrayBufferLike>();
  for (const { data } of weights.values()) {
    if (!ArrayBuffer.isView(data)) continue;
    if (seen.has(data.buffer)) shared.add(data.buffer);
    seen.add(data.buffer);
  }
  return shared;
}

/** The named parameters of a block and their parts of its array. */
export function partsOf({ offset, parts }: Parameter, target: Float32Array): { name: string; target: Float32Array }[] {
  return parts.map(({ name, offset: start, size }) => ({
    name,
    target: target.subarray(start - offset, start - offset + size),
  }));
}
