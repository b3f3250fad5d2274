/**
 * Dropout is counter-based (Philox4x32-10), so that a mask depends on what it is for and never on threads, workers or
 * the order of evaluation, and is made again in the backward pass instead of being kept.
 *
 *   key     = [seed, update]
 *   counter = [element >> 2 (low 32 bits), element >> 34, site, microBatch]
 *
 * Element e reads output word e & 3; it is dropped when word < ⌊probability · 2³²⌋, else scaled by 1 / (1 − probability).
 * Elements are counted with rows (the last axis) padded to a multiple of 4.
 */
export interface DropoutKey {
  readonly seed: number; // uint32
  readonly update: number; // uint32, counted from 0
  readonly microBatch: number; // uint32, index within the update, over all workers
}

/** What one dropout site of a model does in this pass. */
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

/** `null` means no dropout (evaluation). */
export function dropoutAttributes(spec: DropoutSpec | null): DropoutAttributes {
  return {
    dropoutProbability: spec?.probability ?? 0,
    dropoutSeed: spec?.seed ?? 0,
    dropoutUpdate: spec?.update ?? 0,
    dropoutMicroBatch: spec?.microBatch ?? 0,
    dropoutSite: spec?.site ?? 0,
  };
}

/** The spec that attributes stand for, or null when nothing is dropped. */
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
