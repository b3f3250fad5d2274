import { InternalError, UserError } from '../errors.js';
import { gradients as gradientsOf, IndependentValueError } from '../ops/gradients.js';
import type { Criterion, CriterionOutput } from '../plugins/criterion.js';
import type { TranslationModel } from '../plugins/model.js';
import type { TranslationBatch } from '../tasks/collate.js';
import * as tf from '../tf/index.js';
import { batchLoss, type Reported, reportedTensors } from './batch-loss.js';

/** The results of one micro-batch's backward pass, on the device. */
export interface Differentiated {
  readonly output: CriterionOutput;
  readonly gradients: (tf.Tensor | null)[]; // one per trainable parameter; null in a layer that LayerDrop skipped
}

/** What is differentiated. */
export interface LossParts {
  readonly model: TranslationModel;
  readonly criterion: Criterion;
}

/**
 * Computes the criterion's output for a micro-batch, and the gradient of the loss with respect to every trainable tensor.
 * @throws UserError that names the plug-ins if the loss does not depend on the weights
 */
export function differentiate(
  parts: LossParts,
  batch: TranslationBatch,
  options: Parameters<typeof batchLoss>[3],
): Differentiated {
  const { model, criterion } = parts;
  const { trainable } = model.parameters;
  const forward = { reported: null as Reported | null };
  const lossOf = (): tf.Scalar => {
    const { loss, ...reported } = batchLoss(model, criterion, batch, options);
    forward.reported = keepReported(reported);
    return loss;
  };
  try {
    const weights = trainable.map(({ tensor }) => tensor);
    const { value, grads } = gradientsByWeights(parts, lossOf, weights);
    const withoutGradient = trainable.find((_, index) => grads[index] === null);
    if (withoutGradient !== undefined && !model.leavesLayersOut) throw unused(parts, withoutGradient.parts[0]!.name);
    return { output: { ...forward.reported!, loss: value as tf.Scalar }, gradients: grads };
  } catch (error) {
    if (forward.reported !== null) tf.dispose(reportedTensors(forward.reported));
    throw error;
  }
}

/** @throws UserError that names the plug-ins if the loss depends on no weight */
function gradientsByWeights(
  parts: LossParts,
  lossOf: () => tf.Scalar,
  weights: readonly tf.Tensor[],
): ReturnType<typeof gradientsOf<tf.Scalar>> {
  try {
    return gradientsOf(lossOf, weights);
  } catch (error) {
    if (!(error instanceof IndependentValueError)) throw error;
    throw new UserError(
      `${pluginSources(parts)}the loss depends on no weight of the model`,
      'compute the loss from the scores passed to the criterion, using only tf operations',
      { cause: error },
    );
  }
}

/** The error for a weight that the loss does not depend on: a UserError if a plug-in is involved. */
function unused(parts: LossParts, name: string): Error {
  const where = pluginSources(parts);
  if (where === '') return new InternalError(`${name} has no gradient`);
  return new UserError(
    `${where}the loss does not depend on the weight ${name}`,
    'use the weight only through tf operations, or do not declare it; a model that skips layers must set leavesLayersOut: true',
  );
}

/** `FILE, export 'x': ` for the model and the criterion that --user-dir provides; empty if both are built in. */
function pluginSources({ criterion, model }: LossParts): string {
  const sources = new Set([criterion.source, model.source].filter((source) => source !== undefined));
  return sources.size === 0 ? '' : `${[...sources].join(' and ')}: `;
}

/** Copies the tensors so that they outlive the tape. */
function keepReported({ nll, metrics = {} }: Reported): Reported {
  const entries = Object.entries(metrics).map(([name, { sum, unit }]) => [name, { sum: tf.clone(sum), unit }] as const);
  const copies = { nll: tf.clone(nll), metrics: Object.fromEntries(entries) };
  for (const tensor of reportedTensors(copies)) tf.keep(tensor); // after all clones, so that a failing clone leaks nothing
  return copies;
}
