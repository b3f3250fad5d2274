import { UserError } from '../../errors.js';
import type { OptionValues } from '../../options/schema.js';
import type { Json } from '../json-text.js';
import { recordOf } from './plain-data.js';
import { shown } from './shown.js';

/** What a fairseq checkpoint records about its training. */
export interface RecordedOptions {
  /** null if the file has neither `args` nor `cfg`. */
  readonly arch: string | null;
  readonly task: string;
  readonly languages: { readonly source: string | null; readonly target: string | null };
  /** Options by our keys. */
  readonly options: OptionValues;
}

type Flat = Record<string, Json>;

/** Groups of `cfg` whose option names are also those of the command line; later groups take precedence. */
const GROUPS = ['model', 'common', 'dataset', 'optimization', 'checkpoint', 'ema', 'task', 'criterion'] as const;
const PLUGIN_GROUPS = ['optimizer', 'lr_scheduler'] as const;

/** Old names of fairseq's options. */
const RENAMED: Readonly<Record<string, string>> = {
  max_sentences: 'batch_size',
  max_sentences_valid: 'batch_size_valid',
  min_lr: 'stop_min_lr',
  relu_dropout: 'activation_dropout',
};

/** Options of models that our transformer does not support. */
const UNSUPPORTED = [
  'adaptive_softmax_cutoff',
  'adaptive_input',
  'no_cross_attention',
  'cross_self_attention',
  'merge_src_tgt_embed',
  'encoder_layers_to_keep',
  'decoder_layers_to_keep',
] as const;

/**
 * Reads the options from `args` (a Namespace) or `cfg` (groups, or one flat Namespace in them).
 * @param args, cfg as plain data; null if the file lacks them
 * @throws UserError if the model has unsupported parts
 */
export function recordedOptions(args: Json, cfg: Json, path: string): RecordedOptions {
  const flat = args !== null ? { ...recordOf(args) } : flatten(recordOf(cfg));
  for (const [old, name] of Object.entries(RENAMED)) {
    if (old in flat && !isSet(flat[name])) flat[name] = flat[old]!;
  }
  checkSupported(flat, path);
  return {
    arch: args === null && cfg === null ? null : (textOf(flat.arch) ?? textOf(flat._name) ?? 'transformer'),
    task: textOf(flat.task) ?? 'translation',
    languages: { source: textOf(flat.source_lang), target: textOf(flat.target_lang) },
    options: optionsOf(flat),
  };
}

function flatten(cfg: Readonly<Record<string, Json>>): Flat {
  const flat: Flat = {};
  for (const name of GROUPS) Object.assign(flat, setValues(flattenSides(recordOf(cfg[name]))));
  for (const name of PLUGIN_GROUPS) Object.assign(flat, setValues(recordOf(cfg[name])));
  for (const name of ['task', 'criterion', ...PLUGIN_GROUPS]) {
    const chosen = recordOf(cfg[name])._name;
    if (chosen !== undefined) flat[name] = chosen;
  }
  const model = recordOf(cfg.model);
  flat.arch = model.arch ?? model._name ?? null;
  return flat;
}

/** Flattens `encoder: { embed_dim }` of newer configurations to `encoder_embed_dim`. */
function flattenSides(group: Readonly<Record<string, Json>>): Flat {
  const sides = ['encoder', 'decoder'].flatMap((side) =>
    Object.entries(recordOf(group[side])).map(([name, value]) => [`${side}_${name}`, value] as const),
  );
  return { ...group, ...Object.fromEntries(sides) };
}

/** Whether a value is set. null, `???` (missing) and `${…}` (a reference to another group) are not values. */
const isSet = (value: Json | undefined): boolean =>
  value !== null && value !== undefined && !(typeof value === 'string' && (value === '???' || value.startsWith('${')));

const setValues = (values: Readonly<Record<string, Json>>): Flat =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => isSet(value)));

const textOf = (value: Json | undefined): string | null =>
  typeof value === 'string' && value !== '' ? shown(value) : null;

function checkSupported(flat: Flat, path: string): void {
  const used = UNSUPPORTED.find((name) => isSet(flat[name]) && flat[name] !== false);
  const widths = ['decoder_output_dim', 'decoder_input_dim'].find(
    (name) => isSet(flat[name]) && isSet(flat.decoder_embed_dim) && flat[name] !== flat.decoder_embed_dim,
  );
  const name = used ?? widths;
  if (name === undefined) return;
  throw new UserError(
    `${path} was trained with --${name.replaceAll('_', '-')} ${shown(String(flat[name]))}, which is not supported`,
    'use a checkpoint of a plain transformer',
  );
}

function optionsOf(flat: Flat): OptionValues {
  const options = Object.entries(flat)
    .filter(([name, value]) => isSet(value) && !name.startsWith('_') && !(name in RENAMED) && isPlain(value))
    .map(([name, value]) => [camelCase(name), optionValue(value)] as const);
  const values: Record<string, unknown> = Object.fromEntries(options);
  // fairseq sets the second option if the first is set, so the second has no meaning of its own here.
  if (values.shareAllEmbeddings === true) delete values.shareDecoderInputOutputEmbed;
  return values;
}

/** Whether a value is not a record. Records are groups or objects of plug-ins. */
const isPlain = (value: Json): boolean => typeof value !== 'object' || Array.isArray(value);

const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Parses Python's text of a boolean or of a tuple of numbers (`adam_betas`); returns other values unchanged. */
function optionValue(value: Json): unknown {
  if (value === 'True' || value === 'False') return value === 'True';
  if (typeof value !== 'string' || !/^\s*[([].*[)\]]\s*$/.test(value)) return value;
  const parts = value
    .trim()
    .slice(1, -1)
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  return parts.length > 0 && parts.every(Number.isFinite) ? parts : value;
}
