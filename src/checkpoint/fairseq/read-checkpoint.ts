import { UserError } from '../../errors.js';
import type { Json } from '../json-text.js';
import { type CheckpointMetadata, parseMetadata } from '../metadata.js';
import type { NamedTensor } from '../safetensors-header.js';
import type { Checkpoint, CheckpointOutline } from '../stored-checkpoint.js';
import { itemsOf } from './construct.js';
import { optimizerTensors } from './optimizer-tensors.js';
import { type FairseqParameter, parametersOf, type ReadTensor, type Sharing, splitParameter } from './parameters.js';
import { Budget, plainData } from './plain-data.js';
import { toTypedJson } from './python-json.js';
import type { PythonDict, PythonValue } from './python-values.js';
import { type RecordedOptions, recordedOptions } from './recorded-options.js';
import { withTorchFile } from './torch-file.js';
import { trainingState } from './training-state.js';

/** The key in a `.pt` under which `convert` stores what only our checkpoints record. */
export const OWN_KEY = 'ts_fairseq';

const VALID_NAME = /^[\w.-]{1,255}$/;

/** The keys of the moving average of the weights in `extra_state`. */
const AVERAGES = ['ema', 'ema_fp32_params'];

/** What to read in addition to the metadata. */
export interface Wanted {
  readonly weights: boolean;
  /** Whether to read the optimizer's state, which is often twice as large as the weights. */
  readonly optimizer: boolean;
  readonly ema?: boolean;
}

/**
 * Reads a fairseq checkpoint (0.10 to main, and older ones if fairseq can upgrade them) as one of ours: with current
 * names, tied weights once, and half precision as float32. Executes nothing in the file.
 * @param file the path of the `.pt`
 * @throws UserError if it is not a fairseq checkpoint, is truncated or damaged, or its model has unsupported parts
 */
export function readFairseqCheckpoint(file: string, wanted: Wanted): Checkpoint {
  return withTorchFile(file, ({ root, read }) => {
    const content = contentOf(root, file);
    const { state, recorded, parameters, own } = content;
    const { metadata, updates } = metadataOf(content, read);
    const optimizer = wanted.optimizer
      ? optimizerTensors(state.get('last_optimizer_state'), parameters, updates, read)
      : null;
    const weights = wanted.weights ? weightsOf(parameters, read) : new Map<string, NamedTensor>();
    const average = wanted.ema === true ? averageOf(state, sharingOf(recorded)) : null;
    return {
      metadata,
      weights: inOrder(weights, own?.weights),
      optimizer: optimizer === null ? null : inOrder(optimizer, own?.optimizer),
      ...(average === null ? {} : { ema: inOrder(weightsOf(average, read), own?.ema) }),
    };
  });
}

/**
 * Reads the metadata and the shapes of the weights, but no weights.
 * @throws UserError as readFairseqCheckpoint does
 */
export function describeFairseqCheckpoint(file: string): CheckpointOutline {
  return withTorchFile(file, ({ root, read }) => {
    const content = contentOf(root, file);
    const parts = content.parameters.flatMap((parameter) => splitParameter(parameter, parameter.tensor));
    const weights = new Map(parts.map(([name, { shape }]) => [name, { shape }]));
    return { metadata: metadataOf(content, read).metadata, weights };
  });
}

type Content = ReturnType<typeof contentOf>;

/** Reads everything in a file except tensors. */
function contentOf(root: PythonValue, file: string) {
  const model = root instanceof Map ? root.get('model') : undefined;
  if (!(root instanceof Map) || !(model instanceof Map)) {
    throw new UserError(`${file} does not contain a fairseq model`, 'use a checkpoint that fairseq-train wrote');
  }
  const state = root as PythonDict;
  const budget = new Budget(
    (what) => new UserError(`${file} is damaged: ${what}`, 'use another checkpoint, or save it again'),
  );
  const plain = (key: string): Json => plainData(state.get(key) ?? null, budget);
  const recorded = recordedOptions(plain('args'), plain('cfg'), file);
  const parameters = parametersOf(model as PythonDict, sharingOf(recorded));
  checkNames(parameters, budget);
  return { state, budget, recorded, parameters, own: ownEntry(state) };
}

const sharingOf = ({ options }: RecordedOptions): Sharing => ({
  all: options.shareAllEmbeddings === true,
  decoder: options.shareDecoderInputOutputEmbed === true,
});

/** The metadata, and the number of updates according to fairseq's part of the file. */
function metadataOf(
  { state, budget, recorded, parameters, own }: Content,
  read: ReadTensor,
): { metadata: CheckpointMetadata; updates: number } {
  const { arch, task, languages, options } = recorded;
  const training = trainingState(state, options, budget, read);
  const metadata = own?.metadata ?? {
    ...{ version: 'fairseq', task, arch, options, languages, dictionaries: {}, machine: null },
    training,
    fairseq: { state: keptState(state, read, budget), precision: parameters[0]?.tensor.storage.dtype ?? 'F32' },
  };
  return { metadata, updates: training?.updates ?? 0 };
}

function weightsOf(parameters: readonly FairseqParameter[], read: ReadTensor): Map<string, NamedTensor> {
  return new Map(
    parameters.flatMap((parameter) =>
      splitParameter(parameter, parameter.tensor).map(([name, part]) => [name, read(part)] as const),
    ),
  );
}

/** Parameter names appear in messages and become keys of our own files, so they must be well-formed. */
function checkNames(parameters: readonly FairseqParameter[], budget: Budget): void {
  if (!parameters.every(({ name }) => VALID_NAME.test(name))) throw budget.damaged('a parameter has an invalid name');
}

/** The moving average of the weights; null without --store-ema. In mixed precision fairseq may store it twice. */
function averageOf(state: PythonDict, sharing: Sharing): FairseqParameter[] | null {
  const extra = state.get('extra_state');
  const [average, precise] = AVERAGES.map((key) => (extra instanceof Map ? (extra as PythonDict).get(key) : null));
  if (!(average instanceof Map)) return null;
  return parametersOf(new Map([...(average as PythonDict), ...(precise instanceof Map ? precise : [])]), sharing);
}

/** The contents of one of our checkpoints that `convert` has converted to a `.pt`. */
interface OwnEntry {
  readonly metadata: CheckpointMetadata;
  /** The names of the weights, in their order. */
  readonly weights: readonly string[];
  readonly optimizer: readonly string[];
  readonly ema: readonly string[];
}

function ownEntry(state: PythonDict): OwnEntry | null {
  const entry = state.get(OWN_KEY);
  if (!(entry instanceof Map)) return null;
  const names = (key: string): string[] =>
    itemsOf((entry as PythonDict).get(key)).filter((name) => typeof name === 'string');
  const text = (entry as PythonDict).get('metadata');
  const metadata = typeof text === 'string' ? parseMetadata(text) : null;
  if (metadata === null) return null; // it was edited by hand: fairseq's part of the file still counts
  return { metadata, weights: names('weights'), optimizer: names('optimizer'), ema: names('ema') };
}

function inOrder<T>(tensors: Map<string, T>, names: readonly string[] = []): Map<string, T> {
  const known = names.flatMap((name) => (tensors.has(name) ? [[name, tensors.get(name)!] as const] : []));
  return new Map([...known, ...tensors]);
}

/** Everything except the weights, from which the `.pt` can be restored. */
function keptState(state: PythonDict, read: ReadTensor, budget: Budget): Json {
  const kept = [...state].flatMap(([key, value]): [PythonValue, PythonValue][] => {
    if (key === 'model' || key === OWN_KEY) return [];
    if (!(value instanceof Map)) return [[key, value]];
    if (key === 'last_optimizer_state') return [[key, without(value as PythonDict, ['state'])]];
    if (key === 'extra_state') return [[key, without(value as PythonDict, AVERAGES)]];
    return [[key, value]];
  });
  return toTypedJson(new Map(kept), read, budget);
}

const without = (dict: PythonDict, keys: readonly PythonValue[]): PythonDict =>
  new Map([...dict].filter(([key]) => !keys.includes(key)));
