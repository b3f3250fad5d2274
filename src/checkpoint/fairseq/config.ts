import type { CheckpointMetadata } from '../metadata.js';
import { CONFIG_DEFAULTS, MODEL_DEFAULTS } from './config-defaults.js';
import { type PythonDict, PythonFloat, PythonObject, type PythonValue, pythonFloat } from './python-values.js';

type Values = Readonly<Record<string, PythonValue>>;

/** Options of optimizers and schedules, which fairseq keeps in separate groups. */
const PLUGIN_OPTIONS: Readonly<Record<'optimizer' | 'lr_scheduler', readonly string[]>> = {
  optimizer: [
    'adam_betas',
    'adam_eps',
    'weight_decay',
    'momentum',
    'adadelta_rho',
    'adadelta_eps',
    'anneal_eps',
    'adamax_betas',
    'adamax_eps',
    'no_bias_correction',
    'adafactor_eps',
    'clip_threshold',
    'decay_rate',
    'beta1',
    'scale_parameter',
    'relative_step',
    'warmup_init',
    'lamb_betas',
    'lamb_eps',
  ],
  lr_scheduler: [
    'warmup_updates',
    'warmup_init_lr',
    'force_anneal',
    'lr_shrink',
    'end_learning_rate',
    'power',
    'total_num_update',
    'min_lr',
    'max_lr',
    't_mult',
    'lr_period_updates',
    'lr_threshold',
    'lr_patience',
    'lr_decay_period',
    'lr_decay',
    'shrink_min',
    'warmup_steps',
    'hold_steps',
    'decay_steps',
    'phase_ratio',
    'init_lr_scale',
    'final_lr_scale',
  ],
};

const ADAM: Values = { use_old_adam: false, fp16_adam_stats: false, tpu: false };

/** Options that several of fairseq's criterions have. */
const CRITERION_OPTIONS = ['label_smoothing', 'report_accuracy', 'ignore_prefix_size', 'sentence_avg'];

/** Groups whose options are not part of the model's Namespace. */
const NOT_OF_MODEL: ReadonlySet<string> = new Set(['common_eval', 'bmuf', 'generation', 'eval_lm', 'interactive']);

/**
 * fairseq's `cfg` for one of our checkpoints: groups of options, and a Namespace with all of them, from which fairseq
 * builds its models.
 */
export function fairseqConfig({ arch, task, options, languages }: CheckpointMetadata): PythonDict {
  const recorded = fairseqOptions({ ...options, sourceLang: languages.source, targetLang: languages.target });
  const pick = (names: readonly string[]): Values =>
    Object.fromEntries(names.flatMap((name) => (name in recorded ? [[name, asFloat(name, recorded[name]!)]] : [])));
  const { optimizer = null, lr_scheduler = null, criterion = null, lr = [] } = recorded;
  const groups: Record<string, Values> = Object.fromEntries(
    Object.entries(CONFIG_DEFAULTS).map(([name, defaults]) => [name, { _name: null, ...filled(defaults, recorded) }]),
  );
  const plugins = {
    criterion: { _name: criterion, ...criterionOptions(criterion), ...pick(CRITERION_OPTIONS) },
    optimizer: { _name: optimizer, ...pick(PLUGIN_OPTIONS.optimizer), ...(optimizer === 'adam' ? ADAM : {}), lr },
    lr_scheduler: { _name: lr_scheduler, ...pick(PLUGIN_OPTIONS.lr_scheduler), lr },
  };
  const flat = Object.entries(groups).filter(([name]) => !NOT_OF_MODEL.has(name));
  const model: Values = {
    ...Object.assign({}, ...flat.map(([, values]) => values), ...Object.values(plugins)),
    ...unknownOptions(recorded),
    ...modelOptions(recorded),
    ...{ criterion, optimizer, lr_scheduler, task, scoring: 'bleu', bpe: null, tokenizer: null, simul_type: null },
    ...{ arch, _name: arch },
  };
  return dictOf({
    _name: null,
    ...dictsOf({ ...groups, task: { ...groups.task, _name: task }, scoring: { ...groups.scoring, _name: 'bleu' } }),
    model: namespace(model),
    ...dictsOf(plugins),
    bpe: null,
    tokenizer: null,
    simul_type: null,
  });
}

/** Options of plug-ins that are integers; all other numbers are floats. */
const INTEGERS: ReadonlySet<string> = new Set([
  'warmup_updates',
  'force_anneal',
  'total_num_update',
  'lr_period_updates',
  'lr_patience',
  'lr_decay_period',
  'warmup_steps',
  'hold_steps',
  'decay_steps',
  'ignore_prefix_size',
]);

const asFloat = (name: string, value: PythonValue): PythonValue =>
  typeof value === 'number' && !INTEGERS.has(name) ? pythonFloat(value) : value;

const criterionOptions = (name: PythonValue): Values =>
  name === 'label_smoothed_cross_entropy'
    ? { label_smoothing: pythonFloat(0), report_accuracy: false, ignore_prefix_size: 0 }
    : {};

/** Our options with fairseq's names and types: betas as text, learning rates as floats. */
function fairseqOptions(options: CheckpointMetadata['options']): Record<string, PythonValue> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) => {
      const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const python = optionValue(name, value);
      return python === undefined ? [] : [[name, python] as const];
    }),
  );
}

function optionValue(name: string, value: unknown): PythonValue | undefined {
  if (value === null || ['boolean', 'number', 'string'].includes(typeof value)) return value as PythonValue;
  if (!Array.isArray(value)) return undefined;
  if (/_(betas|eps)$/.test(name)) return `(${value.join(', ')})`;
  return value.map((item: unknown) => {
    if (typeof item !== 'number') return String(item);
    return name === 'update_freq' ? item : pythonFloat(item);
  });
}

/** A group of defaults with the recorded values. A value stays a float if its default is one. */
function filled(defaults: Values, recorded: Values): Values {
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => {
      const own = recorded[name];
      if (own === undefined || own === null) return [name, value];
      return [name, isFloat(value) && typeof own === 'number' ? pythonFloat(own) : own];
    }),
  );
}

const isFloat = (value: PythonValue): boolean =>
  value instanceof PythonFloat || (typeof value === 'number' && !Number.isInteger(value));

/** The model's options. Those of the decoder that default to the encoder's are written explicitly, as in fairseq. */
function modelOptions(recorded: Values): Values {
  const own = filled(MODEL_DEFAULTS, recorded);
  const follow = (decoder: string, encoder: string): PythonValue => recorded[decoder] ?? own[encoder]!;
  const width = follow('decoder_embed_dim', 'encoder_embed_dim');
  return {
    ...own,
    decoder_embed_dim: width,
    decoder_input_dim: width,
    decoder_output_dim: width,
    decoder_ffn_embed_dim: follow('decoder_ffn_embed_dim', 'encoder_ffn_embed_dim'),
    share_decoder_input_output_embed: recorded.share_all_embeddings === true || own.share_decoder_input_output_embed!,
  };
}

const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(CONFIG_DEFAULTS).flatMap(Object.keys),
  ...Object.keys(MODEL_DEFAULTS),
  ...Object.values(PLUGIN_OPTIONS).flat(),
  ...CRITERION_OPTIONS,
  ...['arch', 'criterion', 'optimizer', 'lr_scheduler', 'task'],
]);

/** Options that fairseq does not have, e.g. those of a custom criterion. */
const unknownOptions = (recorded: Values): Values =>
  Object.fromEntries(Object.entries(recorded).filter(([name]) => !KNOWN.has(name)));

const dictOf = (values: Values): PythonDict => new Map(Object.entries(values));

const dictsOf = (groups: Readonly<Record<string, Values>>): Values =>
  Object.fromEntries(Object.entries(groups).map(([name, values]) => [name, dictOf(values)]));

function namespace(values: Values): PythonObject {
  const object = new PythonObject('argparse.Namespace', [], 'new');
  object.state = dictOf(values);
  return object;
}
