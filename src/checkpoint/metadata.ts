import { UserError } from '../errors.js';
import type { OptionValues } from '../options/schema.js';
import { fromJsonText, type Json, toJsonText } from './json-text.js';

/**
 * What training needs, beside weights and optimizer state, to go on as if it had never stopped. No times: runs that
 * compute the same write the same bytes.
 */
export interface TrainingState {
  readonly epoch: number; // 1-based
  readonly updates: number;
  /** Where the batch iterator stands. */
  readonly iterator: Json;
  /** Best value of the checkpoint metric among the saved checkpoints; null before the first validation. */
  readonly bestMetric: number | null;
  /** For --patience: the best value of all validations, and how many came since. */
  readonly earlyStopping: { readonly best: number | null; readonly validationsSince: number };
  /** What the learning rate depends on beside the update and the epoch, where it does. */
  readonly lrScheduler?: Json;
  readonly seed: number;
  readonly meters: Json;
}

/** What the last bits of a result depend on. */
export interface Machine {
  readonly device: string;
  readonly threads: number;
  readonly oneDnn: string | null; // version
}

/** Everything in a checkpoint that is no tensor. */
export interface CheckpointMetadata {
  /** The ts-fairseq that wrote it. */
  readonly version: string;
  readonly task: string;
  /** null where a fairseq checkpoint does not say. */
  readonly arch: string | null;
  /** The resolved options, by key. */
  readonly options: OptionValues;
  /** null where a fairseq checkpoint does not say. */
  readonly languages: { readonly source: string | null; readonly target: string | null };
  /** SHA-256 of the dictionary files, by language; none in a fairseq checkpoint. */
  readonly dictionaries: Readonly<Record<string, string>>;
  /** null where training cannot go on from here, e.g. in an average. */
  readonly training: TrainingState | null;
  readonly machine: Machine | null;
  /** SHA-256 of what the checkpoint metric was measured on; absent without validation. */
  readonly validationData?: string;
  /** The checkpoints that this one is the mean of. */
  readonly averageOf?: readonly string[];
  /** What a fairseq checkpoint says beside its weights, for `convert`. */
  readonly fairseq?: { readonly state: Json; readonly precision: string };
}

const FORMAT_VERSION = 1;
const KEY = 'ts-fairseq';

/** The metadata as safetensors keeps it: strings by key. */
export function encodeMetadata(metadata: CheckpointMetadata): Record<string, string> {
  return { formatVersion: String(FORMAT_VERSION), [KEY]: toJsonText(metadata) };
}

/** @throws UserError where the file is no checkpoint, a newer one, or damaged */
export function decodeMetadata(strings: Readonly<Record<string, string>>, file: string): CheckpointMetadata {
  const text = strings[KEY];
  if (text === undefined) {
    throw new UserError(`${file} holds tensors but no checkpoint of ts-fairseq`, 'name a checkpoint that train wrote');
  }
  const version = Number(strings.formatVersion);
  if (version > FORMAT_VERSION) {
    throw new UserError(
      `${file} was written by a newer ts-fairseq (checkpoint format ${version})`,
      'update ts-fairseq',
    );
  }
  const metadata = parseMetadata(text);
  if (metadata !== null) return metadata;
  throw new UserError(`the metadata of ${file} is damaged`, 'take another checkpoint');
}

/** Null where the text is not valid JSON, or of another form. */
export function parseMetadata(text: string): CheckpointMetadata | null {
  try {
    const metadata = fromJsonText(text);
    return isMetadata(metadata) ? metadata : null;
  } catch {
    return null;
  }
}

/** Options whose values are names, some of them of plug-ins that are not known here. */
const NAMES = ['arch', 'criterion', 'optimizer', 'lrScheduler', 'task'];

function isMetadata(value: unknown): value is CheckpointMetadata {
  if (!isRecord(value)) return false;
  const { arch, options, languages, dictionaries, training, validationData, averageOf = [] } = value;
  if (!isRecord(options) || !isRecord(languages) || !isRecord(dictionaries)) return false;
  return (
    [arch, languages.source, languages.target].every(isTextOrNull) &&
    NAMES.every((name) => options[name] === undefined || isTextOrNull(options[name])) &&
    Object.values(dictionaries).every(isText) &&
    Array.isArray(averageOf) &&
    averageOf.every(isText) &&
    (validationData === undefined || isText(validationData)) &&
    (training === null || isTrainingState(training))
  );
}

function isTrainingState(value: unknown): value is TrainingState {
  if (!isRecord(value) || !isRecord(value.earlyStopping)) return false;
  const { epoch, updates, seed, bestMetric, earlyStopping } = value;
  return (
    isCount(epoch) &&
    isCount(updates) &&
    typeof seed === 'number' &&
    isNumberOrNull(bestMetric) &&
    isNumberOrNull(earlyStopping.best) &&
    isCount(earlyStopping.validationsSince)
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isNumberOrNull = (value: unknown): boolean => value === null || typeof value === 'number';
