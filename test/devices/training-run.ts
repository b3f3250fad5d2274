import { expect } from 'vitest';
import { runMain } from '../helpers/run-main.js';
import { GOLDEN_DATA } from '../training/toy-trainer.js';

/** Options of a training of a small Transformer on the golden data. */
export const TRAIN =
  '-s de -t en --arch transformer --encoder-embed-dim 16 --decoder-embed-dim 16 --encoder-ffn-embed-dim 24 ' +
  '--decoder-ffn-embed-dim 24 --encoder-layers 1 --decoder-layers 2 --encoder-attention-heads 2 ' +
  '--decoder-attention-heads 2 --share-all-embeddings --dropout 0.2 --lr 0.01 --clip-norm 1 --max-tokens 80 ' +
  '--required-batch-size-multiple 1 --disable-validation --no-epoch-checkpoints --log-format json --log-interval 1 --threads 1';

export const EL = '--criterion encouraging --log-end 0.5 --label-smoothing 0.1';
/** With this ε a gradient of 0 but for rounding does not become a step of the size of the learning rate. */
export const ADAM = '--optimizer adam --adam-eps 0.001';

type Figures = Readonly<Record<string, string>>;

/** A training: what it logged of each update, and all that it logged. */
export interface TrainingRun {
  readonly updates: readonly Figures[];
  readonly log: string;
}

/** Trains by the command line. Later options replace those of TRAIN. */
export async function train(saveDir: string, options: string): Promise<TrainingRun> {
  const argv = ['train', GOLDEN_DATA, ...TRAIN.split(' '), ...options.split(' '), '--save-dir', saveDir];
  const { code, stderr: log } = await runMain(...argv);
  expect(code, log).toBe(0);
  return trainingRun(log);
}

/** The training that logged with `--log-format json`. */
export const trainingRun = (log: string): TrainingRun => ({
  updates: [...log.matchAll(/train_inner \| (\{.*\})/g)].map(([, json]) => JSON.parse(json!) as Figures),
  log,
});

/** Loss, nll and gradient norm of each update. */
export const numbersOf = ({ updates }: TrainingRun): number[] =>
  updates.flatMap(({ loss, nll_loss, gnorm }) => [loss, nll_loss, gnorm].map(Number));
