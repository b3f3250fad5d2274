const READ_WHEN_NEEDED = 'batches are read when they are needed; leave it out';
const ONE_MACHINE = 'training runs in one process on one machine; for larger batches use --update-freq';
const ONE_FORM = 'data are read in the form that preprocess writes; leave it out';

/** Options of fairseq's `train` and `validate` that there are on purpose not, with what to do instead. */
export const unsupportedTrainingFlags: Readonly<Record<string, string>> = {
  '--wandb-project': 'use --log-format json --log-file FILE and feed that to it',
  '--azureml-logging': 'use --log-format json --log-file FILE and feed that to it',
  '--data-buffer-size': READ_WHEN_NEEDED,
  '--dataset-impl': ONE_FORM,
  '--num-batch-buckets': 'batches have the shapes of their sentences; leave it out',
  '--load-alignments': 'models are not trained on alignments; leave it out',
  '--upsample-primary': 'repeat the text of --trainpref instead',
  '--distributed-world-size': ONE_MACHINE,
  '--tpu': 'see --device for what computes',
  '--fp16-init-scale': 'half precision is bfloat16, which needs no loss scale; leave it out',
  '--amp': 'use --bf16',
};

const PLAIN_TEXT = 'preprocess reads text that is split already; run tokenize and apply-bpe before';

/** Options of fairseq's `preprocess` that there are on purpose not. */
export const unsupportedPreprocessFlags: Readonly<Record<string, string>> = {
  '--bpe': PLAIN_TEXT,
  '--tokenizer': PLAIN_TEXT,
  '--task': 'dictionaries are those of translation; leave it out',
  '--seed': 'nothing in preprocess is random; leave it out',
};
