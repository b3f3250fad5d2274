/**
 * The key of the dropout masks of one pass. Dropout uses a counter-based generator (Philox4x32-10): a mask does not
 * depend on threads, workers or the order of evaluation, and the backward pass computes it again instead of storing it.
 *
 *   key     = [seed, update]
 *   counter = [element >> 2 (low 32 bits), element >> 34, site, microBatch]
 *
 * Element e reads output word e & 3. It is dropped if word < ⌊probability · 2³²⌋, else scaled by 1 / (1 − probability).
 * Element indices count rows (the last axis) padded to a multiple of 4.
 */
export interface DropoutKey {
  readonly seed: number; // uint32
  readonly update: number; // uint32, counted from 0
  readonly microBatch: number; // uint32, index within the update, over all workers
}

/** The dropout of one site of a model in one pass. */
export interface DropoutSpec extends DropoutKey {
  readonly probability: number; // in [0, 1); 0 leaves the input unchanged
  readonly site: number; // uint32, unique among the dropout sites of a model, fixed when the model is built
}

/** A DropoutSpec as kernel attributes. */
export interface DropoutAttributes {
  readonly dropoutProbability: number;
  readonly dropoutSeed: number;
  readonly dropoutUpdate: number;
  readonly dropoutMicroBatch: number;
  readonly dropoutSite: number;
}

/** The kernel attributes of a spec; null means no dropout. */
export function dropoutAttributes(spec: DropoutSpec | null): DropoutAttributes {
  return {
    dropoutProbability: spec?.probability ?? 0,
    dropoutSeed: spec?.seed ?? 0,
    dropoutUpdate: spec?.update ?? 0,
    dropoutMicroBatch: spec?.microBatch ?? 0,
    dropoutSite: spec?.site ?? 0,
  };
}

/** The spec that kernel attributes represent; null if nothing is dropped. */
export function dropoutSpec(attributes: DropoutAttributes): DropoutSpec | null {
  if (attributes.dropoutProbability === 0) return null;
  return {
    probability: attributes.dropoutProbability,
    seed: attributes.dropoutSeed,
    update: attributes.dropoutUpdate,
    microBatch: attributes.dropoutMicroBatch,
    site: attributes.dropoutSite,
  };
}
