import type { Json } from '../json-text.js';
import type { TensorData } from '../safetensors-header.js';
import type { ReadTensor } from './parameters.js';
import { type Budget, unwrapped } from './plain-data.js';
import {
  OrderedDict,
  PythonClass,
  PythonFloat,
  PythonObject,
  PythonTensor,
  PythonTuple,
  type PythonValue,
  type StorageDtype,
  TensorReference,
} from './python-values.js';

/** Larger tensors are omitted: this state contains metrics, not weights. */
const MAX_TENSOR_SIZE = 64;

type Pairs = ReadonlyMap<PythonValue, PythonValue>;

/**
 * Converts Python's data to JSON that keeps the types. Lists, strings, ints and floats with a fraction stay as they
 * are. Everything else becomes a record with one key: `{"tuple": [0.9, 0.98]}`, `{"float": 1}`. OmegaConf's containers
 * and fairseq's enums become plain data.
 * @param read reads the values of a small tensor
 */
export function toTypedJson(value: PythonValue, read: ReadTensor, budget: Budget, depth = 0): Json {
  budget.spend(depth);
  const inner = (part: PythonValue): Json => toTypedJson(part, read, budget, depth + 1);
  const pairs = (dict: Pairs): Json => [...dict].map((pair) => pair.map(inner));
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') {
    return value;
  }
  if (typeof value === 'bigint') return { int: String(value) };
  if (Array.isArray(value)) return (value as readonly PythonValue[]).map(inner);
  if (value instanceof PythonFloat) return { float: value.value };
  if (value instanceof PythonTuple) return { tuple: value.items.map(inner) };
  if (value instanceof OrderedDict) return { orderedDict: pairs(value) };
  if (value instanceof Map) return { dict: pairs(value as Pairs) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  if (value instanceof PythonClass) return { class: value.name };
  if (value instanceof PythonObject) {
    const plain = unwrapped(value);
    if (plain !== undefined) return inner(plain);
    const { className, args, made, state, items, entries } = value;
    return { object: [className, args.map(inner), made, inner(state), items.map(inner), pairs(entries)] };
  }
  if (!(value instanceof TensorReference) || value.size > MAX_TENSOR_SIZE) return null;
  const { dtype, shape, data } = read(value);
  return { tensor: [dtype, shape, Array.from<number | bigint, string>(data as ArrayLike<number | bigint>, String)] };
}

/** Converts the JSON of `toTypedJson` back; null for other JSON. */
export function fromTypedJson(json: Json): PythonValue {
  if (json === null || typeof json !== 'object') return json;
  if (isList(json)) return json.map(fromTypedJson);
  const [kind, content = null] = Object.entries(json)[0] ?? [];
  switch (kind) {
    case 'int':
      return BigInt(String(content));
    case 'float':
      return new PythonFloat(Number(content));
    case 'tuple':
      return new PythonTuple(listOf(content).map(fromTypedJson));
    case 'orderedDict':
      return new OrderedDict(pairsOf(content));
    case 'dict':
      return new Map(pairsOf(content));
    case 'bytes':
      return Uint8Array.from(Buffer.from(String(content), 'base64'));
    case 'class':
      return new PythonClass(String(content));
    case 'object':
      return objectOf(listOf(content));
    case 'tensor':
      return tensorOf(listOf(content));
    default:
      return null;
  }
}

const isList = (json: Json): json is readonly Json[] => Array.isArray(json);
const listOf = (json: Json | undefined): readonly Json[] => (json !== undefined && isList(json) ? json : []);

const pairsOf = (json: Json | undefined): [PythonValue, PythonValue][] =>
  listOf(json).map((pair) => {
    const [key = null, value = null] = listOf(pair).map(fromTypedJson);
    return [key, value];
  });

function objectOf([className, args, made, state = null, items, entries]: readonly Json[]): PythonObject {
  const how = made === 'new' ? 'new' : 'call';
  const object = new PythonObject(String(className), listOf(args).map(fromTypedJson), how);
  object.state = fromTypedJson(state);
  object.items.push(...listOf(items).map(fromTypedJson));
  for (const [key, value] of pairsOf(entries)) object.entries.set(key, value);
  return object;
}

const TENSORS: Readonly<Record<string, (values: readonly string[]) => TensorData>> = {
  F64: (values) => Float64Array.from(values, Number),
  F32: (values) => Float32Array.from(values, Number),
  I64: (values) => BigInt64Array.from(values, BigInt),
  I32: (values) => Int32Array.from(values, Number),
  I16: (values) => Int16Array.from(values, Number),
  I8: (values) => Int8Array.from(values, Number),
  U8: (values) => Uint8Array.from(values, Number),
  BOOL: (values) => Uint8Array.from(values, Number),
};

function tensorOf([dtype, shape, values]: readonly Json[]): PythonTensor | null {
  const name = String(dtype);
  if (!Object.hasOwn(TENSORS, name)) return null;
  const data = TENSORS[name]!(listOf(values).map(String));
  return new PythonTensor(name as StorageDtype, listOf(shape).map(Number), data);
}
