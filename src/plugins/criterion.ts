import type { RowScores } from '../ops/row-scores.js';
import type { OptionSchema, OptionsOf } from '../options/schema.js';
import type { Scalar, Tensor1D } from '../tf/index.js';

/**
 * What a criterion sees: rows, never sentences. A row is one prediction, for translation one target token. Padding,
 * prefixes and averaging by sentence are the task's business.
 */
export interface CriterionInput {
  /** The scores of every row over the classes; chunked and fused where the device can. */
  readonly scores: RowScores;
  readonly targets: Tensor1D; // int32 [rows], the index of the true class
  /** float32 [rows]: 1 where the row counts, 0 for a padding row (only given when `paddingRows` is 'keep'); null = all count. */
  readonly counts: Tensor1D | null;
  /** 1-based, for schedules. */
  readonly epoch: number;
  /** 2: the rows are those of two stochastic passes, row i of the first beside row rows/2 + i of the second. */
  readonly passes: 1 | 2;
}

/** A sum over the rows that the log shows beside the loss. */
export interface Metric {
  readonly sum: Scalar; // summed over the rows
  /** 'nats' is divided by the sample size and shown in bits, as the loss is; 'count' is shown as it is. */
  readonly unit: 'nats' | 'count';
}

/** Sums over the rows, in nats; the trainer divides by the sample size. A loss may be negative. */
export interface CriterionOutput {
  readonly loss: Scalar; // differentiable
  readonly nll: Scalar; // Σ −log p(target) over the rows that count; reported, perplexity comes from it
  /** By the names of fairseq's log. `n_correct` and `total` make `accuracy`. */
  readonly metrics?: Readonly<Record<string, Metric>>;
}

/** A training loss with its option values. */
export interface Criterion {
  /** 'keep' only for a criterion that scores padding rows too (the paper's code without `--el_mask_pad 1`). */
  readonly paddingRows: 'drop' | 'keep';
  /** 2: training runs every batch through the model twice, with different dropout masks. Evaluation runs it once. */
  readonly passes?: 1 | 2;
  /** Where a criterion of --user-dir is defined, for messages; `checkedCriterion` sets it. */
  readonly source?: string;
  /** Computes the loss of one batch from the model's scores. */
  forward(input: CriterionInput): CriterionOutput;
}

/** A criterion plug-in; make one with `defineCriterion`. */
export interface CriterionDefinition<S extends OptionSchema = OptionSchema> {
  readonly kind: 'criterion';
  readonly name: string; // the value of `--criterion`
  /** One line for `--help` and the docs. */
  readonly summary: string;
  readonly options: S; // become flags of `train`
  /** Makes the criterion from its option values. */
  build(options: OptionsOf<S>): Criterion;
}

/** Declares a criterion plug-in; importing the file that calls it does nothing else. */
export function defineCriterion<const S extends OptionSchema>(
  definition: Omit<CriterionDefinition<S>, 'kind'>,
): CriterionDefinition<S> {
  return { kind: 'criterion', ...definition };
}
