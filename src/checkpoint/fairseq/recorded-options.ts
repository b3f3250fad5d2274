import { UserError } from '../../errors.js';
import type { OptionValues } from '../../options/schema.js';
import type { Json } from '../json-text.js';
import { recordOf } from './plain-data.js';
import { shown } from './shown.js';

/** What a fairseq checkpoint says about how it was trained. */
export interface RecordedOptions {
  /** null where the file has neither `args` nor `cfg`. */
  readonly arch: string | null;
  readonly task: string;
  readonly languages: { readonly source: string | null; readonly target: string | null };
  /** By our keys. */
  readonly options: OptionValues;
}

type Flat = Record<string, Json>;

/** Groups of `cfg` whose names are names of the command line too; the later wins. */
const GROUPS = ['model', 'common', 'dataset', 'optimization', 'checkpoint', 'ema', 'task', 'criterion'] as const;
const PLUGIN_GROUPS = ['optimizer', 'lr_scheduler'] as const;

/** fairseq's older names. */
const RENAMED: Readonly<Record<string, string>> = {
  max_sentences: 'batch_size',
  max_sentences_valid: 'batch_size_valid',
  min_lr: 'stop_min_lr',
  relu_dropout: 'activation_dropout',
};

/** Options that make a model another than our transformer. */
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
 * Reads the options out of `args` (a Namespace) or `cfg` (groups, or one flat Namespace within them).
 * @param args, cfg as plain data; null where the file lacks them
 * @throws UserError for a model with parts that ours has not
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

/** `encoder: { embed_dim }` of newer configurations as `encoder_embed_dim`. */
function flattenSides(group: Readonly<Record<string, Json>>): Flat {
  const sides = ['encoder', 'decoder'].flatMap((side) =>
    Object.entries(recordOf(group[side])).map(([name, value]) => [`${side}_${name}`, value] as const),
  );
  return { ...group, ...Object.fromEntries(sides) };
}

/** null, `???` (a value that is missing) and `${…}` (that of another group) say nothing. */
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
  // fairseq sets the second with the first; whoever gives the first alone means the same model.
  if (values.shareAllEmbeddings === true) delete values.shareDecoderInputOutputEmbed;
  return values;
}

/** No record: those are groups or objects of plug-ins. */
const isPlain = (value: Json): boolean => typeof value !== 'object' || Array.isArray(value);

const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Python's text of a tuple of numbers (`adam_betas`) or of a truth value as what it says. */
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
