/**
 * Dropout is counter-based (Philox4x32-10; Salmon et al., SC 2011), so that a mask depends on what it is for and never
 * on threads, workers or the order of evaluation, and is made again in the backward pass instead of being kept.
 *
 *   key     = [seed, update]
 *   counter = [element >> 2 (low 32 bits), element >> 34, site, microBatch]
 *
 * Element e reads output word e & 3; it is dropped when word < ⌊probability · 2³²⌋, else scaled by 1 / (1 − probability).
 */
export interface DropoutKey {
  readonly seed: number; // uint32
  readonly update: number; // uint32, counted from 0
  readonly microBatch: number; // uint32, index within the update, over all workers
}

/** What one dropout site of a model does in this pass; probability 0 (or evaluation) leaves the input unchanged. */
export interface DropoutSpec extends DropoutKey {
  readonly probability: number; // in [0, 1)
  readonly site: number; // uint32, unique among the dropout sites of a model, fixed when the model is built
}
