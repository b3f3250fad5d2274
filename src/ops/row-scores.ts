import { checkShape } from '../errors.js';
import * as tf from '../tf/index.js';
import { type ClassFunction, classFunction } from './class-function.js';
import { collectedInputs, gradientAttributes } from './collected-gradients.js';
import { type Attributes, hasKernel, runKernel } from './define-op.js';
import { logSoftmax } from './log-softmax.js';
import { once } from './once.js';

/** Statistics of the scores of each row. All fields except `predictions` are float32 [rows] and differentiable. */
export interface RowStatistics {
  readonly targetLogProb: tf.Tensor1D; // log p(target)
  readonly meanLogProb: tf.Tensor1D; // (1/V) Σ_v log p_v
  readonly predictions: tf.Tensor1D; // int32 [rows], the class with the highest score
  readonly sums: readonly tf.Tensor1D[]; // Σ_v f(p_v), one per requested ClassFunction
}

/**
 * The scores of rows over classes, computed on demand. `statistics` makes one pass over the classes, in fused chunks if
 * the device has a kernel for it. Such a device may keep the exponentials of some chunks for the backward pass and
 * computes the logits of the others again, so that a large [rows, classes] table never exists as a whole. A loss that
 * combines statistics with tfjs operations is thus fused without native code.
 */
export interface RowScores {
  readonly rows: number; // predictions
  readonly classes: number; // the number of classes, V
  /** Computes the statistics in one pass. One call with all the sums that a criterion needs is the fastest. */
  statistics(sums?: readonly ClassFunction[]): RowStatistics;
  /** The whole table of scores, float32 [rows, classes]. It is slow and large. */
  logits(): tf.Tensor2D;
}

const KERNEL = 'ClassifierStatistics';

/**
 * Kernel `ClassifierStatistics`: features [rows, embed], weights [classes, embed], targets int32 [rows], attribute
 * `sums` (ClassFunction[], none custom) → targetLogProb, meanLogProb, predictions (int32), then one output per sum.
 * Attribute `call`, on a tape, is a unique symbol of the call, because what a device keeps for the backward pass
 * depends on the sums of the call, and other calls may have the same inputs.
 * `ClassifierStatisticsGrad`: features, weights, targets, dTargetLogProb, dMeanLogProb, dSum0, dSum1 … → dFeatures,
 * dWeights. With the incoming gradients g_t, g_m, g_k of a row and h_v = Σ_k g_k · p_v · f_k′(p_v):
 *   ∂/∂z_v = g_t · (1[v = target] − p_v) + g_m · (1/V − p_v) + h_v − p_v · Σ_u h_u
 */
const registerKernelGradient = once(() =>
  tf.registerGradient({
    kernelName: KERNEL,
    inputsToSave: ['features', 'weights', 'targets'],
    outputsToSave: [],
    gradFunc: (dy, saved, attributes) => {
      const [dTargetLogProb, dMeanLogProb, , ...dSums] = dy as tf.Tensor[];
      const [features, weights, targets] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const inputs: tf.NamedTensorMap = {
        features,
        weights,
        targets,
        dTargetLogProb: dTargetLogProb!,
        dMeanLogProb: dMeanLogProb!,
      };
      dSums.forEach((dSum, index) => {
        inputs[`dSum${index}`] = dSum;
      });
      const [dFeatures, dWeights] = runKernel(`${KERNEL}Grad`, inputs, gradientAttributes(attributes as Attributes));
      return { features: () => dFeatures!, weights: () => dWeights! };
    },
  }),
);

/** Whether operations are recorded for a gradient. */
function isTapeOn(): boolean {
  const { gradientDepth, kernelDepth } = tf.engine().state;
  return gradientDepth > 0 && kernelDepth === 0;
}

/** The scores of a linear classifier: logits = features · weightsᵀ. */
export function classifierScores(
  classifier: { readonly features: tf.Tensor2D; readonly weights: tf.Tensor2D },
  targets: tf.Tensor1D, // int32 [rows]
): RowScores {
  const { features, weights } = classifier;
  const rows = features.shape[0];
  const classes = weights.shape[0];
  checkShape('targets', targets.shape, [rows]);
  checkShape('classifier weights', weights.shape, [classes, features.shape[1]]);
  const logits = (): tf.Tensor2D => tf.matMul(features, weights, false, true);
  return {
    rows,
    classes,
    logits,
    statistics: (sums = []) => {
      if (!hasKernel(KERNEL) || sums.some((sum) => sum.family === 'custom')) {
        return logitStatistics(logits(), targets, sums);
      }
      registerKernelGradient();
      const inputs = { features, weights, targets };
      const [targetLogProb, meanLogProb, predictions, ...values] = runKernel(KERNEL, inputs, {
        ...{ sums, ...collectedInputs(inputs) },
        ...(isTapeOn() ? { call: Symbol(KERNEL) } : {}),
      }) as tf.Tensor1D[];
      return { targetLogProb: targetLogProb!, meanLogProb: meanLogProb!, predictions: predictions!, sums: values };
    },
  };
}

/** Scores from an existing table, float32 [rows, classes]: for tests and for models with other classifiers. */
export function logitScores(logits: tf.Tensor2D, targets: tf.Tensor1D): RowScores {
  checkShape('targets', targets.shape, [logits.shape[0]]);
  return {
    rows: logits.shape[0],
    classes: logits.shape[1],
    logits: () => logits,
    statistics: (sums = []) => logitStatistics(logits, targets, sums),
  };
}

function logitStatistics(logits: tf.Tensor2D, targets: tf.Tensor1D, sums: readonly ClassFunction[]): RowStatistics {
  const logProbs = logSoftmax(logits);
  const isTarget = tf.oneHot(targets, logits.shape[1]);
  return {
    // `where` instead of a product: the log of a probability 0 is −∞, and 0 · −∞ is NaN.
    targetLogProb: tf.sum(tf.where(tf.cast(isTarget, 'bool'), logProbs, tf.zerosLike(logProbs)), 1),
    meanLogProb: tf.mean(logProbs, 1),
    predictions: tf.argMax(logits, 1),
    sums: sums.map((sum) => tf.sum(classFunction(sum, logProbs), 1)),
  };
}
