import { defineOptions, type OptionsOf } from '../options/schema.js';
import { seedSpec } from '../options/seed.js';

/** Batches and validation: fairseq's group `dataset_data_loading`. */
export const datasetOptions = defineOptions({
  maxTokens: {
    kind: 'int',
    default: null,
    min: 1,
    group: 'Dataset',
    help: 'maximum tokens per batch, including padding and </s>: the number of sentences times the longest length',
  },
  batchSize: {
    kind: 'int',
    default: null,
    min: 1,
    aliases: ['--max-sentences'],
    group: 'Dataset',
    help: 'maximum sentences per batch',
  },
  requiredBatchSizeMultiple: {
    kind: 'int',
    default: 8,
    min: 1,
    group: 'Dataset',
    help: 'make the number of sentences per batch a multiple of N, or less than N',
  },
  skipInvalidSizeInputsValidTest: {
    kind: 'boolean',
    default: false,
    group: 'Dataset',
    help: 'skip sentences that are too long for --max-tokens or the model; the log shows how many',
  },
  trainSubset: { kind: 'string', default: 'train', metavar: 'SPLIT', group: 'Dataset', help: 'split to train on' },
  validSubset: {
    kind: 'string',
    default: 'valid',
    metavar: 'SPLITS',
    group: 'Dataset',
    help: 'splits to validate on, separated by commas; the first one determines the best checkpoint',
  },
  maxTokensValid: {
    kind: 'int',
    default: null,
    min: 1,
    group: 'Dataset',
    help: '--max-tokens for validation (default: --max-tokens)',
  },
  batchSizeValid: {
    kind: 'int',
    default: null,
    min: 1,
    aliases: ['--max-sentences-valid'],
    group: 'Dataset',
    help: '--batch-size for validation (default: --batch-size)',
  },
  maxValidSteps: {
    kind: 'int',
    default: null,
    min: 1,
    group: 'Dataset',
    help: 'validate only on the first N batches',
  },
  validateInterval: { kind: 'int', default: 1, min: 1, group: 'Dataset', help: 'validate every N epochs' },
  validateIntervalUpdates: {
    kind: 'int',
    default: 0,
    min: 0,
    group: 'Dataset',
    help: 'also validate every N updates; 0: never',
  },
  validateAfterUpdates: {
    kind: 'int',
    default: 0,
    min: 0,
    group: 'Dataset',
    help: 'do not validate before update N',
  },
  disableValidation: { kind: 'boolean', default: false, group: 'Dataset', help: 'do not validate' },
  curriculum: {
    kind: 'int',
    default: 0,
    min: 0,
    metavar: 'EPOCHS',
    group: 'Dataset',
    help: 'if greater than 0, keep the batches ordered by length',
  },
  numShards: {
    kind: 'int',
    default: 1,
    min: 1,
    group: 'Dataset',
    help: 'divide the batches of each epoch into N shards and train on one: see --shard-id',
  },
  shardId: {
    kind: 'int',
    default: 0,
    min: 0,
    group: 'Dataset',
    help: 'shard to train on: shard I gets the batches I, I + N, … of each epoch',
  },
  numWorkers: {
    kind: 'int',
    default: 1,
    min: 0,
    group: 'Dataset',
    help: 'accepted for compatibility with fairseq; has no effect',
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
    help: 'divide the loss by the number of sentences instead of the number of target tokens',
  },
  updateFreq: {
    kind: 'numbers',
    default: [1],
    metavar: 'N1,N2,…',
    group: 'Optimization',
    help: 'batches per update, one value per epoch; the last value applies to all later epochs',
  },
  lr: {
    kind: 'numbers',
    default: [0.25],
    min: 0,
    aliases: ['--learning-rate'],
    metavar: 'LR1,LR2,…',
    group: 'Optimization',
    help: 'learning rate; with --lr-scheduler fixed or polynomial_decay, one value per epoch',
  },
  stopMinLr: {
    kind: 'float',
    default: -1,
    group: 'Optimization',
    help: 'stop at the end of an epoch if the learning rate is at most this',
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
    help: "resume from this checkpoint (a stem or fairseq's .pt); checkpoint_last is the one in --save-dir, if it exists",
  },
  finetuneFromModel: {
    kind: 'string',
    default: null,
    metavar: 'STEM',
    group: 'Checkpoints',
    help: "load only the weights of this checkpoint (a stem or fairseq's .pt)",
  },
  finetuneDictionaries: {
    kind: 'string',
    default: null,
    metavar: 'DIR',
    group: 'Checkpoints',
    help: 'folder with the dictionaries of --finetune-from-model, if they differ from those of this run: keeps the embeddings and output weights of the symbols that both contain and initialises the others',
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
  resetMeters: { kind: 'boolean', default: false, group: 'Checkpoints', help: 'reset the metrics and the best value' },
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
    help: 'also save (and validate) every N updates; 0: never',
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
    help: 'with --keep-interval-updates, also keep the checkpoints of every N-th update; -1: none',
  },
  keepLastEpochs: {
    kind: 'int',
    default: -1,
    group: 'Checkpoints',
    help: 'keep the checkpoints of the last N epochs; -1: all',
  },
  keepBestCheckpoints: {
    kind: 'int',
    default: -1,
    group: 'Checkpoints',
    help: 'keep the N best checkpoints; -1: none',
  },
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
    help: 'save only weights; training cannot resume from them',
  },
  bestCheckpointMetric: {
    kind: 'choice',
    choices: ['loss', 'nll_loss', 'ppl', 'bleu'],
    default: 'loss',
    group: 'Checkpoints',
    help: 'metric that determines the best checkpoint',
  },
  maximizeBestCheckpointMetric: {
    kind: 'boolean',
    default: false,
    group: 'Checkpoints',
    help: 'larger values are better; always on for bleu',
  },
  patience: {
    kind: 'int',
    default: -1,
    group: 'Checkpoints',
    help: 'stop after N validations without a better value; -1: never',
  },
});

/** Options of the moving average of the weights. */
export const averageOptions = defineOptions({
  storeEma: {
    kind: 'boolean',
    default: false,
    group: 'Moving average',
    help: 'keep an exponential moving average of the weights and save it in checkpoints',
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
    help: 'accepted for compatibility with fairseq; the average is always float32',
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
    help: `search options, e.g. '{"beam": 5, "max_len_a": 1.2, "max_len_b": 10}'`,
  },
  evalBleuDetok: {
    kind: 'choice',
    choices: ['space', 'moses'],
    default: 'space',
    group: 'Evaluation',
    help: 'detokenizer to apply before sacreBLEU; space leaves the words unchanged',
  },
  evalBleuDetokArgs: {
    kind: 'string',
    default: '{}',
    metavar: 'JSON',
    group: 'Evaluation',
    help: `options of the moses detokenizer, e.g. '{"target_lang": "fr"}'; target_lang defaults to that of the data`,
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
    help: "score the tokens unchanged, without sacreBLEU's 13a tokenizer",
  },
  evalBleuPrintSamples: { kind: 'boolean', default: false, group: 'Evaluation', help: 'log one translation per batch' },
});

/** Options of the task that affect the loss. */
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
  seed: { ...seedSpec, group: 'Optimization', help: 'seed for the initial weights, the order of batches and dropout' },
});

/** `--seed` for commands that only read data. */
export const { seed: batchSeed } = defineOptions({
  seed: { ...seedSpec, group: 'Dataset', help: 'seed for the order in which sentences are grouped into batches' },
});

/** The values of `datasetOptions`. */
export type DatasetOptions = OptionsOf<typeof datasetOptions>;

/** The values of `optimizationOptions`. */
export type OptimizationOptions = OptionsOf<typeof optimizationOptions>;

/** The values of `checkpointOptions`. */
export type CheckpointOptions = OptionsOf<typeof checkpointOptions>;

/** The values of `evaluationOptions`. */
export type EvaluationOptions = OptionsOf<typeof evaluationOptions>;
