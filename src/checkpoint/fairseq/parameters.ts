import type { NamedTensor } from '../safetensors-header.js';
import { type PythonDict, TensorReference } from './python-values.js';

/** A parameter of fairseq's model, in the order in which its optimizer counts them, and what it is to us. */
export interface FairseqParameter {
  readonly name: string;
  readonly tensor: TensorReference;
  /** One part as a rule; queries, keys and values where an old file has them stacked. */
  readonly parts: readonly ParameterPart[];
}

/** Rows of one of fairseq's parameters. */
export interface ParameterPart {
  /** fairseq's name of today. */
  readonly name: string;
  readonly firstRow: number;
  readonly rows: number;
}

/** What is in the state of a model without being trained: versions, tables of positions. */
const BUFFER = /(^|\.)(version|_float_tensor|embed_positions\.weights)$/;

const NORMS: Readonly<Record<string, readonly string[]>> = {
  encoder: ['self_attn_layer_norm', 'final_layer_norm'],
  decoder: ['self_attn_layer_norm', 'encoder_attn_layer_norm', 'final_layer_norm'],
};

const ENCODER_TABLE = 'encoder.embed_tokens.weight';
const DECODER_TABLE = 'decoder.embed_tokens.weight';
const OUTPUT_TABLE = 'decoder.output_projection.weight';
const OLD_OUTPUT_TABLE = 'decoder.embed_out';

/** Which tables are one, by the options; storages that are shared say it too. */
export interface Sharing {
  readonly all: boolean;
  readonly decoder: boolean;
}

/** The parameters of a model's state, under the names that fairseq gives them today; tied ones once. */
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

/** Splits and renames what older versions of fairseq stored otherwise (its `upgrade_state_dict`). */
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
  return [{ name: nameToday(name), firstRow: 0, rows }];
}

function nameToday(name: string): string {
  if (name === OLD_OUTPUT_TABLE) return OUTPUT_TABLE;
  const norm = /^((encoder|decoder)\.layers\.\d+)\.layer_norms\.(\d)\.(weight|bias)$/.exec(name);
  const part = norm === null ? undefined : NORMS[norm[2]!]![Number(norm[3])];
  return part === undefined ? name : `${norm![1]}.${part}.${norm![4]}`;
}

/** The parts of a tensor that has the shape of a parameter, with their names. */
export function splitParameter(
  { parts, tensor: { shape } }: FairseqParameter,
  tensor: TensorReference,
): (readonly [name: string, part: TensorReference])[] {
  if (parts.length === 1 || shape.length === 0) return [[parts[0]!.name, tensor]];
  return parts.map(({ name, firstRow, rows }) => [name, tensor.rows(firstRow, rows)] as const);
}

/** Reads the values of a tensor of a `.pt` file. */
export type ReadTensor = (tensor: TensorReference) => NamedTensor;
