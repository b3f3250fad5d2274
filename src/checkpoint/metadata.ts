import { UserError } from '../errors.js';
import type { OptionValues } from '../options/schema.js';
import { fromJsonText, type Json, toJsonText } from './json-text.js';
import type { RecordedTrainingState } from './training-state.js';

/** The device that a run computed on. The last bits of its results depend on it. */
export interface Machine {
  readonly device: string;
  readonly threads: number;
  readonly oneDnn: string | null; // version
  /** How matrix products are computed, e.g. `bfloat16`; absent for the device's own float32. */
  readonly products?: string;
}

/** Everything in a checkpoint except tensors. */
export interface CheckpointMetadata {
  /** The version of ts-fairseq that wrote the checkpoint. */
  readonly version: string;
  readonly task: string;
  /** null if a fairseq checkpoint does not record it. */
  readonly arch: string | null;
  /** The resolved options, by key. */
  readonly options: OptionValues;
  /** null if a fairseq checkpoint does not record them. */
  readonly languages: { readonly source: string | null; readonly target: string | null };
  /** SHA-256 of the dictionary files, by language; empty in a fairseq checkpoint. */
  readonly dictionaries: Readonly<Record<string, string>>;
  /** null if training cannot resume from the checkpoint, e.g. from an average. */
  readonly training: RecordedTrainingState | null;
  readonly machine: Machine | null;
  /** SHA-256 of the data that the checkpoint metric was measured on; absent without validation. */
  readonly validationData?: string;
  /** The checkpoints that this one averages. */
  readonly averageOf?: readonly string[];
  /** The contents of a fairseq checkpoint except its weights, for `convert`. */
  readonly fairseq?: { readonly state: Json; readonly precision: string };
}

const FORMAT_VERSION = 1;
const KEY = 'ts-fairseq';

/** Encodes the metadata as the map of strings that safetensors stores. */
export function encodeMetadata(metadata: CheckpointMetadata): Record<string, string> {
  return { formatVersion: String(FORMAT_VERSION), [KEY]: toJsonText(metadata) };
}

/**
 * Decodes the metadata of a file.
 * @throws UserError if it is not a checkpoint, is damaged, or was written by a newer version
 */
export function decodeMetadata(strings: Readonly<Record<string, string>>, file: string): CheckpointMetadata {
  const text = strings[KEY];
  if (text === undefined) {
    throw new UserError(
      `${file} contains tensors, but is not a ts-fairseq checkpoint`,
      'use a checkpoint that ts-fairseq train wrote',
    );
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
  throw new UserError(`the metadata of ${file} is damaged`, 'use another checkpoint');
}

/** Parses metadata. @returns null if the text is not valid JSON, or not the JSON of metadata */
export function parseMetadata(text: string): CheckpointMetadata | null {
  try {
    const metadata = fromJsonText(text);
    return isMetadata(metadata) ? metadata : null;
  } catch {
    return null;
  }
}

/** Options whose values are names. Some may name plug-ins that are not loaded, so only the type is checked. */
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
    (training === null || isRecordedState(training))
  );
}

function isRecordedState(value: unknown): value is RecordedTrainingState {
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
