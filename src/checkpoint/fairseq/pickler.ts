import { InternalError } from '../../errors.js';
import {
  contiguousStrides,
  OrderedDict,
  PythonClass,
  PythonFloat,
  PythonObject,
  PythonTensor,
  PythonTuple,
  type PythonValue,
  TensorReference,
} from './python-values.js';
import { STORAGE_CLASSES } from './storages.js';

/** The number of items of a list that are appended at once, as in Python. */
const BATCH = 1000;

/**
 * Encodes a value with Python's pickle protocol 2, which torch.load reads by default.
 * @param keyOf the key of a tensor's storage in the file; tied tensors share one
 */
export function pickle(value: PythonValue, keyOf: (tensor: PythonTensor) => string): Uint8Array {
  const writer = new Pickler(keyOf);
  writer.write(value);
  return writer.bytes();
}

class Pickler {
  readonly #chunks: Uint8Array[] = [Uint8Array.of(0x80, 2)];
  /** The memo indices of strings and classes that were written before. */
  readonly #memo = new Map<string, number>();

  constructor(readonly keyOf: (tensor: PythonTensor) => string) {}

  bytes(): Uint8Array {
    return Buffer.concat([...this.#chunks, Buffer.from('.')]);
  }

  write(value: PythonValue): void {
    if (value === null) this.#opcode('N');
    else if (typeof value === 'boolean') this.#emit(Uint8Array.of(value ? 0x88 : 0x89));
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'bigint') this.#bigint(value);
    else if (typeof value === 'string') this.#text(value);
    else if (value instanceof PythonFloat) this.#float(value.value);
    else if (value instanceof Uint8Array) this.#emit(header('B', value.length), value);
    else if (value instanceof PythonTuple) this.#tuple(value.items);
    else if (value instanceof PythonClass) this.#class(value.name);
    else if (value instanceof PythonObject) this.#object(value);
    else if (value instanceof PythonTensor) this.#tensor(value);
    else if (value instanceof Map) this.#dict(value as ReadonlyMap<PythonValue, PythonValue>);
    else if (Array.isArray(value)) this.#list(value as readonly PythonValue[]);
    else throw new InternalError(`${value instanceof TensorReference ? 'a tensor' : 'a storage'} was not read`);
  }

  #emit(...chunks: Uint8Array[]): void {
    this.#chunks.push(...chunks);
  }

  #opcode(letters: string): void {
    this.#emit(Buffer.from(letters, 'latin1'));
  }

  #number(value: number): void {
    if (!Number.isInteger(value) || Object.is(value, -0)) this.#float(value);
    else if (value !== (value | 0)) this.#bigint(BigInt(value));
    else this.#emit(header('J', value >>> 0));
  }

  #float(value: number): void {
    const bytes = new Uint8Array(9);
    bytes[0] = 'G'.charCodeAt(0);
    new DataView(bytes.buffer).setFloat64(1, value, false);
    this.#emit(bytes);
  }

  /** LONG1: the two's complement, little-endian. */
  #bigint(value: bigint): void {
    const bytes: number[] = [];
    for (let rest = value; ; rest >>= 8n) {
      bytes.push(Number(BigInt.asUintN(8, rest)));
      if (rest === BigInt.asIntN(8, rest)) break;
    }
    this.#emit(Uint8Array.of(0x8a, bytes.length, ...bytes));
  }

  #text(value: string): void {
    if (this.#recall(value)) return;
    const utf8 = new TextEncoder().encode(value);
    this.#emit(header('X', utf8.length), utf8);
    this.#memorize(value);
  }

  #class(name: string): void {
    const key = `\0class ${name}`;
    if (this.#recall(key)) return;
    const dot = name.lastIndexOf('.');
    this.#emit(Buffer.from(`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`));
    this.#memorize(key);
  }

  #recall(key: string): boolean {
    const index = this.#memo.get(key);
    if (index !== undefined) this.#emit(header('j', index));
    return index !== undefined;
  }

  #memorize(key: string): void {
    this.#emit(header('r', this.#memo.size));
    this.#memo.set(key, this.#memo.size);
  }

  #tuple(items: readonly PythonValue[]): void {
    this.#opcode('(');
    for (const item of items) this.write(item);
    this.#opcode('t');
  }

  #list(items: readonly PythonValue[]): void {
    this.#opcode(']');
    this.#items(items);
  }

  #items(items: readonly PythonValue[]): void {
    for (let begin = 0; begin < items.length; begin += BATCH) {
      this.#opcode('(');
      for (const item of items.slice(begin, begin + BATCH)) this.write(item);
      this.#opcode('e');
    }
  }

  #dict(dict: ReadonlyMap<PythonValue, PythonValue>): void {
    if (dict instanceof OrderedDict) {
      this.#class('collections.OrderedDict');
      this.#opcode(')R');
    } else {
      this.#opcode('}');
    }
    this.#entries(dict);
  }

  #entries(dict: ReadonlyMap<PythonValue, PythonValue>): void {
    if (dict.size === 0) return;
    this.#opcode('(');
    for (const [key, value] of dict) {
      this.write(key);
      this.write(value);
    }
    this.#opcode('u');
  }

  #object({ className, args, made, state, items, entries }: PythonObject): void {
    this.#class(className);
    this.#tuple(args);
    this.#emit(made === 'call' ? Buffer.from('R') : Uint8Array.of(0x81));
    if (items.length > 0) this.#items(items);
    this.#entries(entries);
    if (state === null) return;
    this.write(state);
    this.#opcode('b');
  }

  /** `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)` */
  #tensor(tensor: PythonTensor): void {
    const { dtype, shape, data } = tensor;
    this.#class('torch._utils._rebuild_tensor_v2');
    this.#opcode('(');
    this.#tuple([
      'storage',
      new PythonClass(`torch.${STORAGE_CLASSES[dtype]}`),
      this.keyOf(tensor),
      'cpu',
      data.length,
    ]);
    this.#opcode('Q');
    this.write(0);
    this.#tuple(shape);
    this.#tuple(contiguousStrides(shape));
    this.write(false);
    this.write(new OrderedDict());
    this.#opcode('tR');
  }
}

/** An opcode followed by a 4-byte number. */
function header(opcode: string, number: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(5);
  bytes[0] = opcode.charCodeAt(0);
  new DataView(bytes.buffer).setUint32(1, number, true);
  return bytes;
}
