/** How close is the gradient under --bf16 to float32's, for tokens to which a trained model gives a high probability? */

import * as tf from '@tensorflow/tfjs';
import { loadComponents } from '../src/cli/plugins/user-dir.js';
import { type Device, openDevice } from '../src/devices/index.js';
import { loadModel } from '../src/inference/load-models.js';
import { classifierScores } from '../src/ops/row-scores.js';
import { selectOptions } from '../src/options/select.js';
import { openTranslationTask, type TranslationTask, translationOptions } from '../src/tasks/translation.js';
import { batchLimits, cutIntoBatches } from '../src/training/train-data.js';
import { benchmarkOptions } from './harness/options.js';
import { requireData } from './harness/paths.js';
import { publish } from './harness/report.js';

const options = benchmarkOptions({
  path: { type: 'string' }, // a checkpoint that was trained with the encouraging loss
  batches: { type: 'string', default: '6' }, // of the train split
});
const SURE = 0.99; // p of the target above which a token counts, in float32
const LOG_ENDS = [0.5, 0.75, 1];

/** For all rows: p of the target, and for each LE the gradient of the loss with respect to the features. */
interface Gradients {
  readonly probabilities: number[]; // [rows]
  readonly byLogEnd: readonly Float32Array[][]; // [LE][batch] → [rows of the batch, embed]
  readonly embed: number;
}

type Components = Awaited<ReturnType<typeof loadComponents>>;

async function gradients(
  task: TranslationTask,
  { architectures, criterions }: Components,
  path: string,
  device: Device,
): Promise<Gradients> {
  const { model } = await loadModel(path, task, architectures, device);
  const limits = batchLimits(task, model, {
    ...{ maxTokens: 4096, batchSize: null, requiredBatchSizeMultiple: 8 },
    ...{ skipInvalidSizeInputsValidTest: true, seed: 1 },
  });
  const split = cutIntoBatches(task, task.loadSplit('train'), limits, 0);
  const probabilities: number[] = [];
  const byLogEnd = LOG_ENDS.map((): Float32Array[] => []);
  const mode = { dropout: null };
  const encouraging = criterions.get('encouraging');
  let embed = 0;
  for (const ids of split.batches.slice(0, Number(options.batches))) {
    const batch = task.collate(split.data, ids);
    tf.tidy(() => {
      const table = (tokens: Int32Array, time: number) => ({ ids: tokens, batch: batch.batchSize, time });
      const encoded = model.encode(table(batch.sourceTokens, batch.sourceLength), mode);
      const decoded = model.decode(table(batch.prevOutputTokens, batch.targetLength), encoded, mode, 'tokens');
      const { features, weights } = model.classifier(decoded.features);
      const targets = tf.tensor1d(batch.rowTargets, 'int32');
      embed = features.shape[1];
      const logProbs = classifierScores({ features, weights }, targets).statistics().targetLogProb.dataSync();
      for (const logProb of logProbs) probabilities.push(Math.exp(logProb));
      for (const [index, logEnd] of LOG_ENDS.entries()) {
        const criterion = encouraging.build(selectOptions(encouraging.options, { logEnd, labelSmoothing: 0.1 }));
        const loss = (x: tf.Tensor): tf.Scalar => {
          const scores = classifierScores({ features: x as tf.Tensor2D, weights }, targets);
          return criterion.forward({ scores, targets, counts: null, epoch: 1, passes: 1 }).loss;
        };
        byLogEnd[index]!.push(tf.grad(loss)(features).dataSync() as Float32Array);
      }
    });
  }
  split.data.close();
  model.dispose();
  return { probabilities, byLogEnd, embed };
}

/** For one LE, over the float32 values a and the bfloat16 values b of rows with high p: the cosine and ‖b − a‖ / ‖a‖. */
function compare(exact: Gradients, rounded: Gradients, index: number): { cosine: number; difference: number } {
  let [product, ofExact, ofRounded, ofDifference] = [0, 0, 0, 0];
  let row = 0;
  for (const [batch, values] of exact.byLogEnd[index]!.entries()) {
    const others = rounded.byLogEnd[index]![batch]!;
    for (let at = 0; at < values.length; at++) {
      if (exact.probabilities[row + Math.floor(at / exact.embed)]! <= SURE) continue;
      product += values[at]! * others[at]!;
      ofExact += values[at]! ** 2;
      ofRounded += others[at]! ** 2;
      ofDifference += (others[at]! - values[at]!) ** 2;
    }
    row += values.length / exact.embed;
  }
  return { cosine: product / Math.sqrt(ofExact * ofRounded), difference: Math.sqrt(ofDifference / ofExact) };
}

if (options.path === undefined) {
  console.error('bench: bfloat16-gradient requires --path CHECKPOINT, trained with --criterion encouraging');
  process.exit(2);
}
const components = await loadComponents({ userDir: null });
const task = openTranslationTask(requireData(options.data), selectOptions(translationOptions, {}));
const runs: Gradients[] = [];
for (const bfloat16 of [false, true]) {
  const device = await openDevice('cpu', { threads: options.threads, bfloat16 });
  runs.push(await gradients(task, components, options.path, device));
}
const [exact, rounded] = runs as [Gradients, Gradients];
const sure = exact.probabilities.filter((p) => p > SURE).length;
publish(
  {
    benchmark: 'bfloat16-gradient',
    note: `${options.path}: ${sure} of ${exact.probabilities.length} target tokens have p > ${SURE}`,
    columns: [
      { heading: 'LE', value: ({ logEnd }) => String(logEnd) },
      { heading: 'cosine with float32', value: ({ cosine }) => cosine, digits: 5 },
      { heading: 'difference', value: ({ difference }) => difference, digits: 5 },
    ],
    rows: LOG_ENDS.map((logEnd, index) => ({ logEnd, ...compare(exact, rounded, index) })),
  },
  options,
);
