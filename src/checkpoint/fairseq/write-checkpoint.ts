import { basename } from 'node:path';
import { InternalError } from '../../errors.js';
import { writeAtomically } from '../atomic-file.js';
import { toBfloat16, toHalf } from '../half.js';
import { toJsonText } from '../json-text.js';
import type { CheckpointMetadata } from '../metadata.js';
import type { NamedTensor } from '../safetensors-header.js';
import type { Checkpoint } from '../stored-checkpoint.js';
import { itemsOf } from './construct.js';
import { newState } from './new-state.js';
import { parameterGroup } from './parameter-group.js';
import { inFairseqOrder } from './parameter-order.js';
import { pickle } from './pickler.js';
import { fromTypedJson } from './python-json.js';
import { OrderedDict, type PythonDict, PythonTensor, type PythonValue, type StorageDtype } from './python-values.js';
import { OWN_KEY } from './read-checkpoint.js';
import { zipChunks } from './zip-writer.js';

const ENCODER_TABLE = 'encoder.embed_tokens.weight';
const DECODER_TABLE = 'decoder.embed_tokens.weight';
const OUTPUT_TABLE = 'decoder.output_projection.weight';

/** The version of fairseq's encoder and decoder since 2018. */
const MODULE_VERSION = 3;

/**
 * Writes a checkpoint atomically in the format of fairseq's main branch (torch.save's zip format), so that fairseq can
 * load it and resume training from it. A checkpoint that was read from fairseq's format keeps everything that was in
 * it.
 * @throws UserError if it cannot be written
 */
export function writeFairseqCheckpoint(file: string, checkpoint: Checkpoint): void {
  const keys = new Map<PythonTensor, string>();
  const bytes = pickle(stateOf(checkpoint), (tensor) => {
    const key = keys.get(tensor) ?? String(keys.size);
    keys.set(tensor, key);
    return key;
  });
  const folder = basename(file).replace(/\.pt$/, '');
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  writeAtomically(
    file,
    zipChunks([
      [`${folder}/data.pkl`, bytes],
      [`${folder}/byteorder`, text('little')],
      ...[...keys].map(([{ data }, key]) => [`${folder}/data/${key}`, bytesOf(data)] as const),
      [`${folder}/version`, text('3\n')],
    ]),
  );
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NamedTensor['data']): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function stateOf(checkpoint: Checkpoint): PythonDict {
  const { metadata, weights, optimizer, ema } = checkpoint;
  const kept = keptState(metadata);
  const dtype = halfPrecision(metadata);
  const tensors = fairseqTensors(weights, dtype);
  const state = new Map<PythonValue, PythonValue>();
  for (const [key, value] of kept ?? newState(metadata)) {
    if (key === 'last_optimizer_state') continue;
    state.set(
      key,
      key === 'extra_state' && value instanceof Map ? withAverage(value as PythonDict, ema, dtype) : value,
    );
    if (key === 'cfg') state.set('model', modelState(tensors, dtype));
  }
  if (!state.has('model')) state.set('model', modelState(tensors, dtype));
  if (kept === null || kept.has('last_optimizer_state')) {
    const group = kept?.get('last_optimizer_state') ?? null;
    state.set('last_optimizer_state', optimizer === null ? null : optimizerState(checkpoint, tensors, group));
  }
  if (metadata.fairseq === undefined || metadata.averageOf !== undefined) state.set(OWN_KEY, ownEntry(checkpoint));
  return state;
}

function fairseqTensors(weights: Checkpoint['weights'], half: 'F16' | 'BF16' | null): Map<string, PythonTensor> {
  return new Map(inFairseqOrder(weights.keys()).map((name) => [name, tensorOf(weights.get(name)!, half)]));
}

/** Adds the moving average of the weights, in the form of a model's state, to `extra_state`. */
function withAverage(extra: PythonDict, ema: Checkpoint['ema'], half: 'F16' | 'BF16' | null): PythonDict {
  return ema === undefined ? extra : new Map([...extra, ['ema', modelState(fairseqTensors(ema, half), half)]]);
}

/**
 * The state of the fairseq file that this checkpoint was read from; null for an average, which keeps only the options.
 */
function keptState({ fairseq, averageOf }: CheckpointMetadata): PythonDict | null {
  const state = fairseq === undefined ? null : fromTypedJson(fairseq.state);
  return state instanceof Map && averageOf === undefined ? (state as PythonDict) : null;
}

function halfPrecision({ fairseq }: CheckpointMetadata): 'F16' | 'BF16' | null {
  return fairseq?.precision === 'F16' || fairseq?.precision === 'BF16' ? fairseq.precision : null;
}

function tensorOf({ dtype, shape, data }: NamedTensor, half: 'F16' | 'BF16' | null): PythonTensor {
  if (half !== null && data instanceof Float32Array) {
    return new PythonTensor(half, shape, half === 'F16' ? toHalf(data) : toBfloat16(data));
  }
  if (dtype === 'U64' || dtype === 'U32' || dtype === 'U16') throw new InternalError(`PyTorch has no ${dtype}`);
  return new PythonTensor(dtype satisfies StorageDtype, shape, data);
}

/** A model's state as fairseq stores it: with versions of its modules, and tied tables under all of their names. */
function modelState(parameters: ReadonlyMap<string, PythonTensor>, half: 'F16' | 'BF16' | null): OrderedDict {
  const tensors = new Map(parameters);
  const encoderTable = tensors.get(ENCODER_TABLE);
  if (encoderTable !== undefined) {
    const decoderTable = tensors.get(DECODER_TABLE) ?? encoderTable;
    tensors.set(DECODER_TABLE, decoderTable);
    if (!tensors.has(OUTPUT_TABLE)) tensors.set(OUTPUT_TABLE, decoderTable);
    for (const side of ['encoder', 'decoder']) {
      const version = { dtype: 'F32', shape: [1], data: Float32Array.of(MODULE_VERSION) } as const;
      tensors.set(`${side}.version`, tensorOf(version, half));
    }
  }
  return new OrderedDict(inFairseqOrder(tensors.keys()).map((name) => [name, tensors.get(name)!]));
}

/**
 * PyTorch's optimizer state: by parameter, or one vector for all of them if fairseq's file had that form.
 * @param kept the rest of fairseq's state, e.g. `param_groups`
 */
function optimizerState(
  { metadata, optimizer }: Checkpoint,
  parameters: ReadonlyMap<string, PythonTensor>,
  kept: PythonValue,
): PythonDict {
  const step = Number(optimizer!.get('step')?.data[0] ?? 0);
  const names = [...parameters.keys()];
  const entries = names.map((name) => {
    const entry = new Map<PythonValue, PythonValue>(stepEntry(metadata, step));
    for (const [key, tensor] of optimizer!) {
      if (key.endsWith(`.${name}`) && key.indexOf('.') === key.length - name.length - 1) {
        entry.set(key.slice(0, key.indexOf('.')), tensorOf(tensor, null));
      }
    }
    return entry;
  });
  const own = kept instanceof Map ? (kept as PythonDict) : null;
  const isFlat = own !== null && names.length > 1 && indicesIn(own).length === 1;
  const states = isFlat ? [flatten(entries)] : entries;
  return new Map<PythonValue, PythonValue>([
    ['state', new Map(states.map((entry, index) => [index, entry] as const))],
    ...(own ?? []),
    ['param_groups', groupsOf(own, states.length) ?? [parameterGroup(metadata, optimizer!, states.length)]],
  ]);
}

/** The step count of an optimizer: an int for fairseq's own, a tensor for PyTorch's, none for SGD. */
function stepEntry({ options, training }: CheckpointMetadata, step: number): [string, PythonValue][] {
  const name = String(options.optimizer);
  if (['sgd', 'nag'].includes(name) && step === training?.updates) return [];
  const isTensor = ['adagrad', 'adadelta'].includes(name);
  return [['step', isTensor ? new PythonTensor('F32', [], Float32Array.of(step)) : step]];
}

/** The keys of the parameters in the groups. */
function indicesIn(state: PythonDict): PythonValue[] {
  return itemsOf(state.get('param_groups')).flatMap((group) =>
    group instanceof Map ? itemsOf((group as PythonDict).get('params')) : [],
  );
}

/**
 * fairseq's groups. Renumbers the parameters of old files, which stack some of them or use memory addresses as keys.
 */
function groupsOf(state: PythonDict | null, count: number): readonly PythonValue[] | null {
  if (state === null) return null;
  const groups = itemsOf(state.get('param_groups'));
  const indices = new Set(indicesIn(state));
  const numbers = Array.from({ length: count }, (_, index) => index);
  if (indices.size === count && numbers.every((index) => indices.has(index))) return groups;
  const [first] = groups;
  return first instanceof Map ? [new Map([...(first as PythonDict), ['params', numbers]])] : null;
}

function flatten(entries: readonly ReadonlyMap<PythonValue, PythonValue>[]): PythonDict {
  const flat = new Map<PythonValue, PythonValue>();
  for (const [key, first] of entries[0]!) {
    if (!(first instanceof PythonTensor)) {
      flat.set(key, first);
      continue;
    }
    const parts = entries.map((entry) => entry.get(key)).filter((part) => part instanceof PythonTensor);
    const vector = new Float32Array(parts.reduce((size, { data }) => size + data.length, 0));
    let offset = 0;
    for (const { data } of parts) {
      vector.set(data as Float32Array, offset);
      offset += data.length;
    }
    flat.set(key, new PythonTensor('F32', [vector.length], vector));
  }
  return flat;
}

/** The data that only ts-fairseq reads, so that converting to `.pt` and back restores the same checkpoint. */
function ownEntry({ metadata, weights, optimizer, ema }: Checkpoint): PythonDict {
  return new Map<PythonValue, PythonValue>([
    ['metadata', toJsonText(metadata)],
    ['weights', [...weights.keys()]],
    ['optimizer', [...(optimizer?.keys() ?? [])]],
    ['ema', [...(ema?.keys() ?? [])]],
  ]);
}
