import type { CriterionOutput, Metric } from '../plugins/criterion.js';
import * as tf from '../tf/index.js';

/** A criterion's figure, read from the device. */
export interface MetricValue {
  readonly sum: number;
  readonly unit: Metric['unit'];
}

/** The values of a criterion's metrics by name. */
export type MetricValues = Readonly<Record<string, MetricValue>>;

/** A criterion's output, read from the device; sums over the rows, in nats. */
export interface LossValues {
  readonly loss: number;
  readonly nll: number;
  readonly metrics: MetricValues;
}

/** `tf.tidy` for what TypeScript does not see to be a container of tensors. */
export function tidyOutput<T extends object>(body: () => T): T {
  return tf.tidy(body as unknown as () => tf.TensorContainer) as unknown as T;
}

/** Waits for a criterion's output and disposes it. */
export async function readLoss({ loss, nll, metrics = {} }: CriterionOutput): Promise<LossValues> {
  const named = Object.entries(metrics);
  const tensors = [loss, nll, ...named.map(([, { sum }]) => sum)];
  try {
    const values = await Promise.all(tensors.map(async (tensor) => (await tensor.data())[0]!));
    const read = named.map(([name, { unit }], index) => [name, { sum: values[2 + index]!, unit }] as const);
    return { loss: values[0]!, nll: values[1]!, metrics: Object.fromEntries(read) };
  } finally {
    tf.dispose(tensors);
  }
}

/** The output of two micro-batches together. */
export function addLosses(a: LossValues, b: LossValues): LossValues {
  const metrics: Record<string, MetricValue> = { ...a.metrics };
  for (const [name, { sum, unit }] of Object.entries(b.metrics)) {
    metrics[name] = { sum: (metrics[name]?.sum ?? 0) + sum, unit };
  }
  return { loss: a.loss + b.loss, nll: a.nll + b.nll, metrics };
}
