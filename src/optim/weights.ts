import { checkStored, modelMismatch, type Parameter, type ParameterStore } from './parameter-store.js';

/** A tensor of a checkpoint. */
interface Weight {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>; // [∏ shape]
}

/** A parameter's values as a checkpoint holds them; a view of the arena, not a copy. */
interface StoredWeight {
  readonly dtype: 'F32';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Every parameter under its checkpoint name; the data are views of the arena. */
export function storeWeights(store: ParameterStore, arena: Float32Array = store.values): Map<string, StoredWeight> {
  return new Map(
    store.parameters.map((parameter) => [
      parameter.name,
      { dtype: 'F32', shape: parameter.shape, data: store.view(arena, parameter) },
    ]),
  );
}

/** Frees the memory of an array that nobody reads any more. */
export type Release = (values: Float32Array) => void;

/**
 * Fills a model's parameters from a checkpoint and brings them to the device.
 * @param source the checkpoint, for the message
 * @param release given where `weights` are not needed afterwards: each is freed when it has been taken over
 * @throws UserError where a parameter is missing, left over, or of another shape
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

/** The same into another arena of the model's. @throws UserError as loadWeights */
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

/** @throws UserError where a parameter is missing, left over, of another shape or not float32 */
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

/** @throws UserError where a checkpoint has a parameter that the model lacks */
export function checkNames(store: ParameterStore, weights: ReadonlyMap<string, unknown>, source: string): void {
  const known = new Set(store.parameters.map(({ name }) => name));
  const unknown = [...weights.keys()].find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw modelMismatch(`${source} has the parameter ${unknown}, which this model does not have`);
}

/** The buffers in which several weights lie, as tied ones of fairseq's checkpoints do. */
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

/** The named parameters of a block and their places in its array. */
export function partsOf({ offset, parts }: Parameter, target: Float32Array): { name: string; target: Float32Array }[] {
  return parts.map(({ name, offset: start, size }) => ({
    name,
    target: target.subarray(start - offset, start - offset + size),
  }));
}
