import type { Analysis, CriterionGradients, GradientBatches, Probe } from '../analysis/analysis.js';
import type { AnalyzedRows } from '../analysis/analyze-rows.js';
import { calibrationOf } from '../analysis/calibration.js';
import { CROSS_ENTROPY, type LabelledCriterion } from '../analysis/criterions.js';
import { energiesOf } from '../analysis/energy.js';
import { gradientShare } from '../analysis/gradient-share.js';
import { marginsOf } from '../analysis/margin.js';
import { OutputProjection, type ProbeOptions } from '../analysis/probe.js';
import { meanNll, targetProbabilities } from '../analysis/score-rows.js';
import type { ArenaKernels } from '../optim/arena-kernels.js';
import { logProgress } from './events.js';
import { firstBatches, type GradientNormOptions, gradientNorms } from './gradient-norms.js';
import { analyzeSplit, type ModelOfTask, readFeatures, scoreProjection } from './split-rows.js';
import type { BatchedSplit } from './train-data.js';

/** What to analyze of a model. */
export interface AnalysisRequest {
  readonly model: ModelOfTask;
  readonly kernels: ArenaKernels;
  /** The checkpoint's own first; `CE` is one of them. */
  readonly criterions: readonly LabelledCriterion[];
  readonly split: BatchedSplit;
  readonly gradients: GradientNormOptions & {
    readonly split: BatchedSplit;
    readonly batches: number; // 0 leaves the norms out
    readonly seed: number; // of the choice of batches
  };
}

/** What there is to know about a model on a split, but for the probe. */
export async function analyzeModel({
  model,
  kernels,
  criterions,
  split,
  gradients,
}: AnalysisRequest): Promise<Omit<Analysis, 'checkpoint' | 'data' | 'probe'>> {
  const forward = criterions.map(({ criterion }) => criterion);
  const analyzed = await analyzeSplit(model, split, forward, gradients.epoch);
  const { scores } = analyzed;
  const chosen = firstBatches(gradients.split, gradients.batches, gradients.seed);
  const measured = gradients.batches === 0 ? null : await gradientNorms(model, chosen, criterions, kernels, gradients);
  return {
    split: split.data.split,
    rows: scores.rows,
    classes: scores.classes,
    nll: meanNll(scores),
    energies: energiesOf(scores),
    margins: marginsOf(scores),
    calibration: calibrationOf(scores),
    criterions: criterionGradients(criterions, analyzed, measured?.norms ?? null),
    gradientBatches: measured === null ? null : batchesOf(chosen, measured.tokens),
  };
}

const batchesOf = ({ data, batches }: BatchedSplit, tokens: number): GradientBatches => ({
  split: data.split,
  batches: batches.length,
  tokens,
});

function criterionGradients(
  criterions: readonly LabelledCriterion[],
  { scores, targetGradients }: AnalyzedRows,
  norms: readonly number[] | null,
): CriterionGradients[] {
  const probabilities = targetProbabilities(scores);
  const reference = norms?.[criterions.findIndex(({ label }) => label === CROSS_ENTROPY)] ?? null;
  return criterions.map(({ label }, index) => {
    const norm = norms?.[index] ?? null;
    return {
      label,
      norm,
      relativeNorm: norm === null || reference === null ? null : norm / reference,
      share: gradientShare(probabilities, targetGradients[index]!),
    };
  });
}

/** How to train a probe on a model. */
export interface ProbeRequest extends ProbeOptions {
  readonly model: ModelOfTask;
  readonly kernels: ArenaKernels;
  readonly classes: number;
  readonly embed: number;
  readonly training: BatchedSplit;
  readonly split: BatchedSplit;
}

/**
 * Trains a new output projection on the frozen features of a model and measures it.
 * @returns how good it is, and its weights [classes × embed]
 */
export async function probeModel(
  request: ProbeRequest,
): Promise<{ readonly probe: Probe; readonly weights: Float32Array }> {
  const { model, kernels, classes, embed, epochs, learningRate, seed } = request;
  const rows = await readFeatures(model, request.training, embed);
  model.model.parameters.useDevice();
  const projection = new OutputProjection(classes, embed, seed);
  try {
    await projection.train(rows, { epochs, learningRate, seed }, kernels, (done, total) =>
      logProgress('training the probe', done, total, []),
    );
    const figures = await scoreProjection(model, request.split, () => projection.tensor);
    return { probe: { epochs, learningRate, ...figures }, weights: (await projection.read()).slice() };
  } finally {
    projection.dispose();
  }
}
