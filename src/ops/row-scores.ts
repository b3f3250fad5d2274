import type { Tensor, Tensor1D, Tensor2D } from '../tf.js';

/**
 * A function of one probability, summed over all classes of a row. The families are a closed list with native code;
 * `custom` runs on whole [rows, classes] log-probabilities on every device (the slow way).
 */
export type ClassFunction =
  /**
   * log bonus: log(max(1 − scale·p, clamp)); with `start` > 0 it is 0 below `start` and shifted to 0 there; above
   * `logEnd` < 1 the tangent log(1−LE) − (p−LE)/(1−LE); 0 above `abrupt` (when abrupt > 0).
   */
  | {
      readonly family: 'log';
      readonly logEnd: number; // LE in (0, 1]; 1 = no linear end
      readonly clamp: number; // 1e-5
      readonly scale: number; // the paper's sub_data_rho, 1
      readonly start: number; // 0 = from the beginning
      readonly abrupt: number; // ≤ 0 = never
    }
  /** −p^exponent, with `start` and `abrupt` as above. */
  | { readonly family: 'power'; readonly exponent: number; readonly start: number; readonly abrupt: number }
  /** cos(πp) − 1, with `abrupt` as above. */
  | { readonly family: 'cosine'; readonly abrupt: number }
  | { readonly family: 'custom'; readonly value: (logProbs: Tensor) => Tensor };

/** What a row's scores boil down to; every field is float32 [rows] and differentiable but `predictions`. */
export interface RowStatistics {
  readonly targetLogProb: Tensor1D; // log p(target)
  readonly meanLogProb: Tensor1D; // (1/V) Σ_v log p_v
  readonly predictions: Tensor1D; // int32 [rows], the class of the highest score
  readonly sums: readonly Tensor1D[]; // Σ_v f(p_v), one for each ClassFunction asked for
}

/**
 * The scores of rows over classes, lazily. `statistics` makes one pass over the vocabulary, in chunks and fused where
 * the device has a kernel for it: the [rows, classes] probabilities never live whole, and the logits of a chunk are
 * computed again in the backward pass. A loss written with it in plain tf operations is fused without native code.
 */
export interface RowScores {
  readonly rows: number;
  readonly classes: number;
  /** One pass for everything asked for; ask once, with all the sums a criterion needs. */
  statistics(sums?: readonly ClassFunction[]): RowStatistics;
  /** The whole table, float32 [rows, classes]: always there, slow and large. */
  logits(): Tensor2D;
}
