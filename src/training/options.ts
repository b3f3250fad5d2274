import { defineOptions, type OptionsOf } from '../options/schema.js';
import { seedSpec } from '../options/seed.js';

/** Batches and validation: fairseq's group `dataset_data_loading`. */
export const datasetOptions = defineOptions({
  maxTokens: {
    kind: 'int',
    default: null,
    min: 1,
    group: 'Dataset',
    help: 'maximum tokens in a batch: sentences times the longest length, padding and </s> included',
  },
  batchSize: {
    kind: 'int',
    default: null,
    min: 1,
    aliases: ['--max-sentences'],
    group: 'Dataset',
    help: 'maximum sentences in a batch',
  },
  requiredBatchSizeMultiple: {
    kind: 'int',
    default: 8,
    min: 1,
    group: 'Dataset',
    help: 'a batch has a multiple of N sentences, or fewer than N',
  },
  skipInvalidSizeInputsValidTest: {
    kind: 'boolean',
    default: false,
    group: 'Dataset',
    help: 'skip sentences that are too long for --max-tokens or the model, in training too; the log counts them',
  },
  trainSubset: { kind: 'string', default: 'train', metavar: 'SPLIT', group: 'Dataset', help: 'split to train on' },
  validSubset: {
    kind: 'string',
    default: 'valid',
    metavar: 'SPLITS',
    group: 'Dataset',
    help: 'splits to validate on, separated by commas; the first decides which checkpoint is best',
  },
  maxTokensValid: {
    kind: 'int',
    default: null,
    min: 1,
    group: 'Dataset',
    help: '--max-tokens of validation (default: the same)',
  },
  batchSizeValid: {
    kind: 'int',
    default: null,
    min: 1,
    aliases: ['--max-sentences-valid'],
    group: 'Dataset',
    help: '--batch-size of validation (default: the same)',
  },
  maxValidSteps: {
    kind: 'int',
    default: null,
    min: 1,
    group: 'Dataset',
    help: 'validate on the first N batches only',
  },
  validateInterval: { kind: 'int', default: 1, min: 1, group: 'Dataset', help: 'validate every N epochs' },
  validateIntervalUpdates: {
    kind: 'int',
    default: 0,
    min: 0,
    group: 'Dataset',
    help: 'validate every N updates too',
  },
  validateAfterUpdates: {
    kind: 'int',
    default: 0,
    min: 0,
    group: 'Dataset',
    help: 'do not validate before N updates are done',
  },
  disableValidation: { kind: 'boolean', default: false, group: 'Dataset', help: 'do not validate' },
  curriculum: {
    kind: 'int',
    default: 0,
    min: 0,
    metavar: 'EPOCHS',
    group: 'Dataset',
    help: 'more than 0: keep the batches in order of length',
  },
  numShards: {
    kind: 'int',
    default: 1,
    min: 1,
    group: 'Dataset',
    help: 'train on one of N parts of the batches of each epoch: see --shard-id',
  },
  shardId: {
    kind: 'int',
    default: 0,
    min: 0,
    group: 'Dataset',
    help: 'which part: I takes batches I, I + N … in the order of the epoch',
  },
  numWorkers: {
    kind: 'int',
    default: 1,
    min: 0,
    group: 'Dataset',
    help: "fairseq's flag, without effect: batches are read when they are needed",
  },
});

/** Options of updates, stopping and gradient clipping. */
export const optimizationOptions = defineOptions({
  maxEpoch: { kind: 'int', default: 0, min: 0, group: 'Optimization', help: 'stop after N epochs; 0: never' },
  maxUpdate: { kind: 'int', default: 0, min: 0, group: 'Optimization', help: 'stop after N updates; 0: never' },
  stopTimeHours: {
    kind: 'float',
    default: 0,
    min: 0,
    group: 'Optimization',
    help: 'stop this run after X hours and save checkpoint_last; 0: never',
  },
  clipNorm: {
    kind: 'float',
    default: 0,
    min: 0,
    group: 'Optimization',
    help: 'clip gradients to this norm; 0: do not clip',
  },
  sentenceAvg: {
    kind: 'boolean',
    default: false,
    group: 'Optimization',
    help: 'divide the loss by sentences instead of target tokens',
  },
  updateFreq: {
    kind: 'numbers',
    default: [1],
    metavar: 'N1,N2,…',
    group: 'Optimization',
    help: 'batches per update, for each epoch; the last value applies to all later epochs',
  },
  lr: {
    kind: 'numbers',
    default: [0.25],
    min: 0,
    aliases: ['--learning-rate'],
    metavar: 'LR1,LR2,…',
    group: 'Optimization',
    help: 'learning rate; for --lr-scheduler fixed and polynomial_decay one for each epoch',
  },
  stopMinLr: {
    kind: 'float',
    default: -1,
    group: 'Optimization',
    help: 'stop at the end of an epoch when the learning rate is no larger',
  },
});

/** Options of checkpoints. */
export const checkpointOptions = defineOptions({
  saveDir: {
    kind: 'string',
    default: 'checkpoints',
    metavar: 'DIR',
    group: 'Checkpoints',
    help: 'folder for checkpoints',
  },
  restoreFile: {
    kind: 'string',
    default: 'checkpoint_last',
    metavar: 'STEM',
    group: 'Checkpoints',
    help: "go on from this checkpoint, by its stem or fairseq's .pt; checkpoint_last is the one in --save-dir, if there is one",
  },
  finetuneFromModel: {
    kind: 'string',
    default: null,
    metavar: 'STEM',
    group: 'Checkpoints',
    help: "start from the weights of this checkpoint (a stem or fairseq's .pt) and nothing else",
  },
  finetuneDictionaries: {
    kind: 'string',
    default: null,
    metavar: 'DIR',
    group: 'Checkpoints',
    help: 'folder with the dictionaries of --finetune-from-model, where those of this run differ: keep the embeddings and output weights of the symbols that both have, initialise the others',
  },
  resetDataloader: {
    kind: 'boolean',
    default: false,
    group: 'Checkpoints',
    help: 'start at the first batch of epoch 1',
  },
  resetLrScheduler: {
    kind: 'boolean',
    default: false,
    group: 'Checkpoints',
    help: 'reset the state of the schedule, e.g. the best value of reduce_lr_on_plateau',
  },
  resetMeters: { kind: 'boolean', default: false, group: 'Checkpoints', help: 'reset losses and the best value' },
  resetOptimizer: {
    kind: 'boolean',
    default: false,
    group: 'Checkpoints',
    help: "reset the optimizer's state and the number of updates",
  },
  optimizerOverrides: {
    kind: 'string',
    default: '{}',
    metavar: 'JSON',
    group: 'Checkpoints',
    help: `optimizer options that replace those of the resumed checkpoint, e.g. '{"weight_decay": 0.1, "betas": [0.9, 0.98]}'`,
  },
  saveInterval: { kind: 'int', default: 1, min: 1, group: 'Checkpoints', help: 'save every N epochs' },
  saveIntervalUpdates: {
    kind: 'int',
    default: 0,
    min: 0,
    group: 'Checkpoints',
    help: 'save (and validate) every N updates too; 0: never',
  },
  keepIntervalUpdates: {
    kind: 'int',
    default: -1,
    group: 'Checkpoints',
    help: 'keep the last N checkpoints of --save-interval-updates; -1: all',
  },
  keepIntervalUpdatesPattern: {
    kind: 'int',
    default: -1,
    group: 'Checkpoints',
    help: 'keep those of every N-th update beside the last of --keep-interval-updates; -1: none',
  },
  keepLastEpochs: { kind: 'int', default: -1, group: 'Checkpoints', help: 'keep the last N epochs; -1: all' },
  keepBestCheckpoints: { kind: 'int', default: -1, group: 'Checkpoints', help: 'keep the N best; -1: none' },
  noSave: { kind: 'boolean', default: false, group: 'Checkpoints', help: 'save nothing' },
  noEpochCheckpoints: {
    kind: 'boolean',
    default: false,
    group: 'Checkpoints',
    help: 'save only checkpoint_last and checkpoint_best',
  },
  noLastCheckpoints: { kind: 'boolean', default: false, group: 'Checkpoints', help: 'do not save checkpoint_last' },
  noSaveOptimizerState: {
    kind: 'boolean',
    default: false,
    group: 'Checkpoints',
    help: 'save weights only; training cannot resume from them',
  },
  bestCheckpointMetric: {
    kind: 'choice',
    choices: ['loss', 'nll_loss', 'ppl', 'bleu'],
    default: 'loss',
    group: 'Checkpoints',
    help: 'metric that decides which checkpoint is best',
  },
  maximizeBestCheckpointMetric: {
    kind: 'boolean',
    default: false,
    group: 'Checkpoints',
    help: 'larger values are better; always so for bleu',
  },
  patience: {
    kind: 'int',
    default: -1,
    group: 'Checkpoints',
    help: 'stop after N validations without a better value; -1: never',
  },
});

/** The moving average of the weights. */
export const averageOptions = defineOptions({
  storeEma: {
    kind: 'boolean',
    default: false,
    group: 'Moving average',
    help: 'keep an exponential moving average of the weights, in checkpoints too',
  },
  emaDecay: {
    kind: 'float',
    default: 0.9999,
    min: 0,
    max: 1,
    group: 'Moving average',
    help: 'EMA decay per update',
  },
  emaStartUpdate: {
    kind: 'int',
    default: 0,
    min: 0,
    group: 'Moving average',
    help: 'start averaging after N updates',
  },
  emaUpdateFreq: {
    kind: 'int',
    default: 1,
    min: 1,
    group: 'Moving average',
    help: 'update the average every N updates',
  },
  emaSeedModel: {
    kind: 'string',
    default: null,
    metavar: 'STEM',
    group: 'Moving average',
    help: 'start from the moving average of this checkpoint',
  },
  emaFp32: {
    kind: 'boolean',
    default: false,
    group: 'Moving average',
    help: "fairseq's flag, without effect: it always is in float32",
  },
});

/** Options of the evaluation with BLEU. */
export const evaluationOptions = defineOptions({
  evalBleu: {
    kind: 'boolean',
    default: false,
    group: 'Evaluation',
    help: 'translate the validation data and report BLEU',
  },
  evalBleuArgs: {
    kind: 'string',
    default: '{}',
    metavar: 'JSON',
    group: 'Evaluation',
    help: `options of the search, e.g. '{"beam": 5, "max_len_a": 1.2, "max_len_b": 10}'`,
  },
  evalBleuDetok: {
    kind: 'choice',
    choices: ['space', 'moses'],
    default: 'space',
    group: 'Evaluation',
    help: 'how words become text before sacreBLEU; space leaves them as they are',
  },
  evalBleuDetokArgs: {
    kind: 'string',
    default: '{}',
    metavar: 'JSON',
    group: 'Evaluation',
    help: `options of the moses detokenizer, e.g. '{"target_lang": "en"}' (default: that of the data)`,
  },
  evalBleuRemoveBpe: {
    kind: 'choice',
    choices: ['subword_nmt', '@@ ', 'sentencepiece', 'none'],
    default: null,
    bare: '@@ ',
    group: 'Evaluation',
    help: 'join subwords before scoring',
  },
  evalTokenizedBleu: {
    kind: 'boolean',
    default: false,
    group: 'Evaluation',
    help: "score the tokens as they are, without sacreBLEU's 13a",
  },
  evalBleuPrintSamples: { kind: 'boolean', default: false, group: 'Evaluation', help: 'log one translation per batch' },
});

/** Options of the task that change the loss. */
export const lossOptions = defineOptions({
  ignorePrefixSize: {
    kind: 'int',
    default: 0,
    min: 0,
    group: 'Optimization',
    help: 'ignore the first N target tokens of each sentence in the loss',
  },
});

/** `--seed` of `train`. */
export const seedOption = defineOptions({
  seed: { ...seedSpec, group: 'Optimization', help: 'seed of the initial weights, batches and dropout' },
});

/** `--seed` of commands that only read data. */
export const { seed: batchSeed } = defineOptions({
  seed: { ...seedSpec, group: 'Dataset', help: 'of the order in which batches are cut' },
});

/** The values of `datasetOptions`. */
export type DatasetOptions = OptionsOf<typeof datasetOptions>;

/** The values of `optimizationOptions`. */
export type OptimizationOptions = OptionsOf<typeof optimizationOptions>;

/** The values of `checkpointOptions`. */
export type CheckpointOptions = OptionsOf<typeof checkpointOptions>;

/** The values of `evaluationOptions`. */
export type EvaluationOptions = OptionsOf<typeof evaluationOptions>;
