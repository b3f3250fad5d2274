import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { adam } from '../../src/optim/adam.js';
import { portableArenaKernels } from '../../src/optim/arena-kernels.js';
import { fixed } from '../../src/optim/fixed.js';
import { selectOptions } from '../../src/options/select.js';
import type { Criterion } from '../../src/plugins/criterion.js';
import type { TranslationBatch } from '../../src/tasks/collate.js';
import { openTranslationTask, translationOptions } from '../../src/tasks/translation.js';
import { Trainer, type TrainerOptions } from '../../src/training/trainer.js';
import { toyArchitecture, toyCriterion } from '../helpers/toy-plugins.js';

/** Binarised by fairseq main 3d262bb: 400 training pairs, joined dictionary of 648 types. */
export const GOLDEN_DATA = fileURLToPath(new URL('../golden/data/joined', import.meta.url));

export const goldenTask = openTranslationTask(GOLDEN_DATA, selectOptions(translationOptions, {}));

/** The first batches of the golden training data, short sentences first. */
export function goldenBatches(count: number, maxTokens = 200): TranslationBatch[] {
  const data = goldenTask.loadSplit('train');
  try {
    const { batches } = goldenTask.makeBatches(data, { maxTokens, seed: 1 });
    return batches.slice(0, count).map((ids) => goldenTask.collate(data, ids));
  } finally {
    data.close();
  }
}

/** The context of a schedule. */
export const trainingWithoutEnd = { maxUpdate: 0, maximizeBestCheckpointMetric: false };

interface ToyOptions extends Partial<TrainerOptions> {
  readonly dropout?: number;
  readonly blowUpAt?: number;
  readonly lr?: number;
  /** The factor of the toy criterion's loss and gradient. */
  readonly lossScale?: number;
}

const scaled = (criterion: Criterion, factor: number): Criterion =>
  factor === 1
    ? criterion
    : {
        ...criterion,
        forward(input) {
          const output = criterion.forward(input);
          return { ...output, loss: tf.mul(output.loss, factor) as tf.Scalar };
        },
      };

/** A trainer of the toy model with Adam. */
export function toyTrainer({
  dropout = 0,
  blowUpAt = 0,
  lr = 1e-2,
  lossScale = 1,
  ...options
}: ToyOptions = {}): Trainer {
  const model = toyArchitecture.model.build(
    { embedDim: 4, dropout },
    {
      sourceVocab: goldenTask.sourceDictionary.size,
      targetVocab: goldenTask.targetDictionary.size,
      padIndex: goldenTask.targetDictionary.padIndex,
      eosIndex: goldenTask.targetDictionary.eosIndex,
      joinedDictionary: true,
      maxSourcePositions: 50,
      maxTargetPositions: 50,
      seed: 1,
    },
  );
  return new Trainer(
    {
      model,
      criterion: scaled(toyCriterion.build({ blowUpAt }), lossScale),
      optimizer: adam.build(selectOptions(adam.options, {}), model.parameters, portableArenaKernels),
      lrScheduler: fixed.build(selectOptions(fixed.options, {}), [lr], trainingWithoutEnd),
      kernels: portableArenaKernels,
    },
    { seed: 1, clipNorm: 0, sentenceAvg: false, ignorePrefixSize: 0, ...options },
  );
}
