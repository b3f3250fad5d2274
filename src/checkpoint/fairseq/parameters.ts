import type { NamedTensor } from '../safetensors-header.js';
import { type PythonDict, TensorReference } from './python-values.js';

/** A parameter of fairseq's model and the parameters of ours that it contains. */
export interface FairseqParameter {
  readonly name: string;
  readonly tensor: TensorReference;
  /** Usually one part; queries, keys and values if an old file stacks them. */
  readonly parts: readonly ParameterPart[];
}

/** Rows of one of fairseq's parameters. */
export interface ParameterPart {
  /** fairseq's current name. */
  readonly name: string;
  readonly firstRow: number;
  readonly rows: number;
}

/** Entries of a model's state that are not trained: versions, tables of positions. */
const BUFFER = /(^|\.)(version|_float_tensor|embed_positions\.weights)$/;

const NORMS: Readonly<Record<string, readonly string[]>> = {
  encoder: ['self_attn_layer_norm', 'final_layer_norm'],
  decoder: ['self_attn_layer_norm', 'encoder_attn_layer_norm', 'final_layer_norm'],
};

const ENCODER_TABLE = 'encoder.embed_tokens.weight';
const DECODER_TABLE = 'decoder.embed_tokens.weight';
const OUTPUT_TABLE = 'decoder.output_projection.weight';
const OLD_OUTPUT_TABLE = 'decoder.embed_out';

/** The embedding tables that are shared according to the options. Shared storages also show it. */
export interface Sharing {
  readonly all: boolean;
  readonly decoder: boolean;
}

/** The parameters of a model's state, with fairseq's current names for their parts; tied ones once. */
export function parametersOf(model: PythonDict, sharing: Sharing): FairseqParameter[] {
  const tensors = new Map<string, TensorReference>();
  for (const [name, tensor] of model) {
    if (typeof name === 'string' && tensor instanceof TensorReference && !BUFFER.test(name)) tensors.set(name, tensor);
  }
  const isSame = (name: string, other: string): boolean => {
    const [tensor, earlier] = [tensors.get(name), tensors.get(other)];
    return tensor !== undefined && earlier !== undefined && tensor.sameAs(earlier);
  };
  const isTied = (name: string): boolean => {
    if (name === DECODER_TABLE) return (sharing.all && tensors.has(ENCODER_TABLE)) || isSame(name, ENCODER_TABLE);
    if (name !== OUTPUT_TABLE && name !== OLD_OUTPUT_TABLE) return false;
    return sharing.all || sharing.decoder || isSame(name, DECODER_TABLE) || isSame(name, ENCODER_TABLE);
  };
  return [...tensors]
    .filter(([name]) => !isTied(name))
    .map(([name, tensor]) => ({ name, tensor, parts: partsOf(name, tensor.shape[0] ?? 1) }));
}

/** Splits and renames parameters of older versions of fairseq (its `upgrade_state_dict`). */
function partsOf(name: string, rows: number): ParameterPart[] {
  const stacked = /^(.*)\.in_proj_(weight|bias)$/.exec(name);
  if (stacked !== null && rows % 3 === 0) {
    const third = rows / 3;
    return ['q_proj', 'k_proj', 'v_proj'].map((projection, index) => ({
      name: `${stacked[1]}.${projection}.${stacked[2]}`,
      firstRow: index * third,
      rows: third,
    }));
  }
  return [{ name: currentName(name), firstRow: 0, rows }];
}

function currentName(name: string): string {
  if (name === OLD_OUTPUT_TABLE) return OUTPUT_TABLE;
  const norm = /^((encoder|decoder)\.layers\.\d+)\.layer_norms\.(\d)\.(weight|bias)$/.exec(name);
  const part = norm === null ? undefined : NORMS[norm[2]!]![Number(norm[3])];
  return part === undefined ? name : `${norm![1]}.${part}.${norm![4]}`;
}

/** Splits a tensor with the shape of a parameter into named parts. */
export function splitParameter(
  { parts, tensor: { shape } }: FairseqParameter,
  tensor: TensorReference,
): (readonly [name: string, part: TensorReference])[] {
  if (parts.length === 1 || shape.length === 0) return [[parts[0]!.name, tensor]];
  return parts.map(({ name, firstRow, rows }) => [name, tensor.rows(firstRow, rows)] as const);
}

/** Reads the values of a tensor of a `.pt` file. */
export type ReadTensor = (tensor: TensorReference) => NamedTensor;
