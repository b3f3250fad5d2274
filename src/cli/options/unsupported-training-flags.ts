import { ONE_PROCESS } from './remedies.js';

/** The same remedy for several flags. */
const because = (remedy: string, flags: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(flags.map((flag) => [flag, remedy]));

const NO_UPLOAD = 'metrics are not sent to any service; save them with --log-format json --log-file FILE';
const MIXED_PRECISION = 'weights and gradients are float32; for matrix products in bfloat16, use --fp16 or --bf16';
const ALL_SENTENCES = 'every sentence is used, in batches that depend on the seed only; remove the flag';
const WHOLE_CHECKPOINTS = 'a checkpoint is one file, written before training continues; remove the flag';
const LAYERS = 'the transformer has no such layer; remove the flag';

/** fairseq's flags that neither `train` nor `validate` supports. */
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
  ]),
  ...because(MIXED_PRECISION, ['--amp', '--memory-efficient-bf16', '--memory-efficient-fp16']),
  '--tpu': 'see --device for the available devices',
  '--quantization-config-path': 'models are not quantized in training; remove the flag',
  '--gen-subset': 'it is an option of generate; remove the flag',
  '--load-alignments': 'training does not use alignments; remove the flag',
  '--upsample-primary': 'a data folder has one train split; repeat lines of the text before preprocess',
  '--num-batch-buckets': 'sentences are padded to the longest of their batch only; remove the flag',
  '--required-seq-len-multiple': 'sentences are padded to the longest of their batch only; remove the flag',
  '--combine-valid-subsets': 'name the splits, e.g. --valid-subset valid,valid1',
  '--combine-val': 'name the splits, e.g. --valid-subset valid,valid1',
};

/** Flags of fairseq's `train` that are not supported, with what to do instead. */
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
  ...because('a model keeps all layers that it was trained with; remove the flag', [
    '--encoder-layers-to-keep',
    '--decoder-layers-to-keep',
  ]),
  '--offload-activations': 'activations stay on the device; to save memory, see --checkpoint-activations',
  '--fp16-adam-stats': 'the state of adam is float32; remove the flag',
  '--continue-once': 'name the checkpoint with --restore-file',
};

/** Flags of fairseq's `validate` that are not supported, with what to do instead. */
export const unsupportedInValidation: Readonly<Record<string, string>> = {
  ...common,
  ...because('the splits are evaluated whole, in one process; remove the flag', [
    '--num-shards',
    '--shard-id',
    '--zero-sharding',
  ]),
  ...because('use --max-tokens or --batch-size', ['--batch-size-valid', '--max-sentences-valid', '--max-tokens-valid']),
  ...because('it is an option of train; remove the flag', [
    '--curriculum',
    '--disable-validation',
    '--train-subset',
    '--validate-after-updates',
    '--validate-interval',
    '--validate-interval-updates',
    '--profile',
  ]),
  ...because('validate prints no translations; use generate', [
    '--post-process',
    '--quiet',
    '--remove-bpe',
    '--results-path',
  ]),
  '--model-overrides': 'the checkpoint records its model; remove the flag',
  '--tensorboard-logdir': 'validate only prints its metrics; train can write them for TensorBoard',
  '--optimizer': 'validate does not train; remove the flag',
};
