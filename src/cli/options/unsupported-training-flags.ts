import { ONE_PROCESS } from './remedies.js';

/** The same answer for several flags. */
const because = (remedy: string, flags: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(flags.map((flag) => [flag, remedy]));

const NO_UPLOAD = 'metrics go to no service; keep them with --log-format json --log-file FILE';
const MIXED_PRECISION = 'weights and gradients are float32; for products in bfloat16 give --fp16 or --bf16';
const ALL_SENTENCES = 'every sentence is used, in the batches that the seed says; leave it out';
const WHOLE_CHECKPOINTS = 'a checkpoint is one file, written whole before training goes on; leave it out';
const LAYERS = 'the transformer has no such layer; leave it out';

/** Flags of fairseq's common groups that are on purpose not there, in training and in validation. */
const common: Readonly<Record<string, string>> = {
  ...because(NO_UPLOAD, ['--wandb-project', '--wandb-entity', '--azureml-logging', '--aim-repo', '--aim-run-hash']),
  ...because(ONE_PROCESS, [
    '--cpu-offload',
    '--device-id',
    '--distributed-init-method',
    '--fix-batches-to-gpus',
    '--fp32-reduce-scatter',
    '--local_rank',
    '--local-rank',
    '--localsgd-frequency',
    '--no-reshard-after-forward',
    '--not-fsdp-flatten-parameters',
    '--pipeline-balance',
    '--pipeline-checkpoint',
    '--pipeline-chunks',
    '--pipeline-decoder-balance',
    '--pipeline-decoder-devices',
    '--pipeline-devices',
    '--pipeline-encoder-balance',
    '--pipeline-encoder-devices',
    '--pipeline-model-parallel',
    '--slowmo-algorithm',
    '--slowmo-base-algorithm',
    '--slowmo-momentum',
    '--use-sharded-state',
    '--zero-sharding',
  ]),
  ...because(MIXED_PRECISION, ['--amp', '--memory-efficient-bf16', '--memory-efficient-fp16']),
  '--tpu': 'see --device for what there is',
  '--quantization-config-path': 'models are not quantized; leave it out',
  '--gen-subset': 'it belongs to generate; leave it out',
  '--load-alignments': 'alignments are not learnt from; leave it out',
  '--upsample-primary': 'a folder holds one train split; repeat its lines before preprocess',
  '--num-batch-buckets': 'lengths are padded to the longest of a batch only; leave it out',
  '--required-seq-len-multiple': 'lengths are padded to the longest of a batch only; leave it out',
  '--combine-valid-subsets': 'name the splits with --valid-subset valid,valid1',
  '--combine-val': 'name the splits with --valid-subset valid,valid1',
};

/** Flags of fairseq's `train` that are on purpose not there, with what to do instead. */
export const unsupportedInTraining: Readonly<Record<string, string>> = {
  ...common,
  ...because(ONE_PROCESS, [
    '--average-sync',
    '--block-lr',
    '--block-momentum',
    '--global-sync-iter',
    '--use-bmuf',
    '--use-nbm',
    '--warmup-iterations',
  ]),
  ...because(ALL_SENTENCES, [
    '--grouped-shuffling',
    '--skip-remainder-batch',
    '--update-epoch-batch-itr',
    '--update-ordered-indices-seed',
  ]),
  ...because(WHOLE_CHECKPOINTS, ['--checkpoint-shard-count', '--checkpoint-suffix']),
  ...because(LAYERS, [
    '--adaptive-input',
    '--adaptive-softmax-cutoff',
    '--adaptive-softmax-dropout',
    '--adaptive-softmax-factor',
    '--base-layers',
    '--base-shuffle',
    '--base-sublayers',
    '--char-inputs',
    '--cross-self-attention',
    '--decoder-input-dim',
    '--decoder-output-dim',
    '--encoder-xformers-att-config',
    '--decoder-xformers-att-config',
    '--no-cross-attention',
    '--no-decoder-final-norm',
    '--quant-noise-pq',
    '--quant-noise-pq-block-size',
    '--quant-noise-scalar',
    '--tie-adaptive-proj',
    '--tie-adaptive-weights',
  ]),
  ...because('a model keeps all the layers it is trained with; leave it out', [
    '--encoder-layers-to-keep',
    '--decoder-layers-to-keep',
  ]),
  '--offload-activations': 'activations stay on the device; for less memory see --checkpoint-activations',
  '--fp16-adam-stats': 'the state of adam is float32; leave it out',
  '--continue-once': 'name the checkpoint with --restore-file',
};

/** Flags of fairseq's `validate` that are on purpose not there, with what to do instead. */
export const unsupportedInValidation: Readonly<Record<string, string>> = {
  ...common,
  ...because(ONE_PROCESS, ['--num-shards', '--shard-id']),
  ...because('validate takes --max-tokens and --batch-size', [
    '--batch-size-valid',
    '--max-sentences-valid',
    '--max-tokens-valid',
  ]),
  ...because('it belongs to train; leave it out', [
    '--curriculum',
    '--disable-validation',
    '--train-subset',
    '--validate-after-updates',
    '--validate-interval',
    '--validate-interval-updates',
    '--profile',
  ]),
  ...because('validate prints no translations; see generate', [
    '--post-process',
    '--quiet',
    '--remove-bpe',
    '--results-path',
  ]),
  '--model-overrides': 'the checkpoint says what its model is; leave it out',
  '--tensorboard-logdir': 'validate prints its metrics; train can write them for TensorBoard',
  '--optimizer': 'the checkpoint says how it was trained; leave it out',
};
