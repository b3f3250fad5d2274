import type { RowScores } from '../ops/row-scores.js';
import type { OptionSchema, OptionsOf } from '../options/schema.js';
import type { Scalar, Tensor1D } from '../tf/index.js';

/**
 * The input of a criterion: rows, not sentences. A row is one prediction; in translation it is one target token. The
 * task handles padding, prefixes and averaging by sentence.
 */
export interface CriterionInput {
  /** The scores of every row over the classes, computed in chunks and fused if the device supports it. */
  readonly scores: RowScores;
  readonly targets: Tensor1D; // int32 [rows], the index of the true class
  /** float32 [rows]: 1 for a row that counts, 0 for padding. Null if `paddingRows` is 'drop': then all rows count. */
  readonly counts: Tensor1D | null;
  /** The current epoch, from 1; for schedules. */
  readonly epoch: number;
  /** 2: the rows come from two passes with different dropout. Row i of the first pass pairs with row rows/2 + i. */
  readonly passes: 1 | 2;
}

/** A sum over the rows that the log shows in addition to the loss. */
export interface Metric {
  readonly sum: Scalar; // over the rows of a batch
  /** 'nats' is divided by the sample size and logged in bits, like the loss; 'count' is logged unchanged. */
  readonly unit: 'nats' | 'count';
}

/** Sums over the rows in nats; the trainer divides them by the sample size. A loss may be negative. */
export interface CriterionOutput {
  readonly loss: Scalar; // differentiable
  readonly nll: Scalar; // Σ −log p(target) over the rows that count; logged, and the source of the perplexity
  /** Further sums by their names in the log, e.g. fairseq's. `n_correct` and `total` are logged as `accuracy` too. */
  readonly metrics?: Readonly<Record<string, Metric>>;
}

/** A built criterion: computes the loss of a batch of rows. */
export interface Criterion {
  /** 'drop' unless the criterion scores padding rows, as the paper's code does without `--el_mask_pad 1`. */
  readonly paddingRows: 'drop' | 'keep';
  /** 2: training runs the model twice per batch, with different dropout masks; evaluation runs it once. [1] */
  readonly passes?: 1 | 2;
  /** The file of --user-dir that defines the criterion, for messages; `checkedCriterion` sets it. */
  readonly source?: string;
  /** Computes the loss of one batch from the model's scores. */
  forward(input: CriterionInput): CriterionOutput;
}

/** A criterion plug-in: its name, its options and how to build it. */
export interface CriterionDefinition<S extends OptionSchema = OptionSchema> {
  readonly kind: 'criterion';
  readonly name: string; // the value of --criterion
  /** A one-line description for `--help`. */
  readonly summary: string;
  readonly options: S; // become flags of `train`
  /** Makes the criterion from its option values. */
  build(options: OptionsOf<S>): Criterion;
}

/** Declares a criterion plug-in. It has no side effects. */
export function defineCriterion<const S extends OptionSchema>(
  definition: Omit<CriterionDefinition<S>, 'kind'>,
): CriterionDefinition<S> {
  return { kind: 'criterion', ...definition };
}
