import { UserError } from '../../errors.js';
import type { ByteSource } from './byte-source.js';
import { construct } from './construct.js';
import {
  OrderedDict,
  PythonClass,
  PythonObject,
  PythonTuple,
  type PythonValue,
  pythonFloat,
  TensorReference,
} from './python-values.js';

/** The newest pickle protocol. */
const MAX_PROTOCOL = 5;

/** The largest integer, in bytes. Checkpoints do not contain larger ones. */
const MAX_INTEGER_BYTES = 255;

const SET = 'builtins.set';
const FROZEN_SET = 'builtins.frozenset';

/**
 * Reads one pickle (protocols 2 to 5, docs.python.org/3/library/pickletools.html) without calling anything: classes are
 * read as names, and objects, except for a few plain classes, as descriptions.
 *
 * @param persistent returns the storage of a persistent id
 * @throws UserError if the pickle is damaged or truncated, or has opcodes of other protocols
 */
export function unpickle(source: ByteSource, persistent: (id: PythonValue) => PythonValue): PythonValue {
  return new Unpickler(source, persistent).load();
}

class Unpickler {
  #stack: PythonValue[] = [];
  /** The stacks below the marks. */
  readonly #below: PythonValue[][] = [];
  readonly #memo = new Map<number, PythonValue>();

  constructor(
    readonly source: ByteSource,
    readonly persistent: (id: PythonValue) => PythonValue,
  ) {}

  load(): PythonValue {
    for (;;) {
      const at = this.source.position;
      const opcode = this.source.byte();
      if (opcode === STOP) return this.#pop();
      const operation = OPERATIONS.get(opcode);
      if (operation === undefined) throw this.#unsupported(opcode, at);
      operation(this);
    }
  }

  protocol(): void {
    const version = this.source.byte();
    if (version > MAX_PROTOCOL) {
      throw new UserError(
        `${this.source.path} is pickled with protocol ${version}`,
        `save it with protocol ${MAX_PROTOCOL} or lower`,
      );
    }
  }

  push(value: PythonValue): void {
    this.#stack.push(value);
  }

  pop(): PythonValue {
    return this.#pop();
  }

  top(): PythonValue {
    const value = this.#stack[this.#stack.length - 1];
    if (value === undefined) throw this.source.damaged('its pickle pops from an empty stack');
    return value;
  }

  /** POP, which also removes a mark. */
  discard(): void {
    if (this.#stack.length > 0) this.#stack.pop();
    else this.popToMark();
  }

  mark(): void {
    this.#below.push(this.#stack);
    this.#stack = [];
  }

  popToMark(): PythonValue[] {
    const items = this.#stack;
    const below = this.#below.pop();
    if (below === undefined) throw this.source.damaged('its pickle has no matching mark');
    this.#stack = below;
    return items;
  }

  tuple(size: number): void {
    const items = Array.from({ length: size }, () => this.#pop()).reverse();
    this.push(new PythonTuple(items));
  }

  text(length: number): string {
    return new TextDecoder().decode(this.source.bytes(length));
  }

  integer(length: number): PythonValue {
    if (length > MAX_INTEGER_BYTES) throw this.source.damaged(`an integer of ${length} bytes`);
    const bytes = this.source.bytes(length);
    let value = 0n;
    for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]!);
    const signed = BigInt.asIntN(8 * length, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  memorize(index: number): void {
    this.#memo.set(index, this.top());
  }

  get memoSize(): number {
    return this.#memo.size;
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.source.damaged(`its pickle has no object ${index}`);
    this.push(value);
  }

  append(items: readonly PythonValue[]): void {
    const list = this.top();
    const target: unknown = list instanceof PythonObject ? listIn(list) : list;
    if (!Array.isArray(target)) throw this.source.damaged('its pickle appends to something that is not a list');
    for (const item of items) target.push(item);
  }

  setItems(items: readonly PythonValue[]): void {
    if (items.length % 2 !== 0) throw this.source.damaged('its pickle has a key without a value');
    const target = this.top();
    const entries = target instanceof PythonObject ? target.entries : target;
    if (!(entries instanceof Map)) throw this.source.damaged('its pickle sets an item of something that is not a dict');
    for (let index = 0; index < items.length; index += 2) entries.set(items[index], items[index + 1]);
  }

  global(module: PythonValue, name: PythonValue): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.source.damaged('a class without a name');
    this.push(new PythonClass(`${module}.${name}`));
  }

  reduce(made: PythonObject['made']): void {
    const args = this.#pop();
    const callable = this.#pop();
    if (!(callable instanceof PythonClass) || !(args instanceof PythonTuple)) {
      throw this.source.damaged('its pickle creates an object without a class');
    }
    this.push(construct(callable.name, args.items, this.source, made));
  }

  /** Records the attributes of an object. No code of its class runs. */
  build(): void {
    const state = this.#pop();
    const target = this.top();
    if (target instanceof PythonObject) target.state = state;
    // An OrderedDict of weights has the versions of its modules, and a parameter may have attributes. Both are ignored.
    else if (!(target instanceof OrderedDict || target instanceof TensorReference)) {
      throw this.source.damaged('its pickle sets attributes of plain data');
    }
  }

  #pop(): PythonValue {
    const value = this.#stack.pop();
    if (value === undefined) throw this.source.damaged('its pickle pops from an empty stack');
    return value;
  }

  #unsupported(opcode: number, at: number): UserError {
    const name = `0x${opcode.toString(16).padStart(2, '0')}`;
    return new UserError(
      `${this.source.path} is damaged or not a checkpoint: unknown pickle opcode ${name} at byte ${at}`,
      'use a checkpoint that fairseq wrote, or save it again with torch.save',
    );
  }
}

/** The list that receives an object's items: for a set, its constructor's argument. */
const listIn = ({ className, args, items }: PythonObject): unknown => (className === SET ? args[0] : items);

const STOP = 0x2e;

type Operation = (machine: Unpickler) => void;
const code = (character: string): number => character.charCodeAt(0);

const constant =
  (value: PythonValue): Operation =>
  (machine) =>
    machine.push(value);

const collect = (className: string): Operation => {
  return (machine) => {
    machine.push(new PythonObject(className, [machine.popToMark()]));
  };
};

const newObject = (machine: Unpickler, keywords: boolean): void => {
  if (keywords) machine.pop();
  machine.reduce('new');
};

const dictOf = (machine: Unpickler): void => {
  const items = machine.popToMark();
  machine.push(new Map());
  machine.setItems(items);
};

const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [0x80, (machine) => machine.protocol()],
  [0x95, (machine) => machine.source.bytes(8)], // FRAME
  [code('('), (machine) => machine.mark()],
  [code('0'), (machine) => machine.discard()],
  [code('1'), (machine) => machine.popToMark()],
  [code('2'), (machine) => machine.push(machine.top())],
  [code('N'), constant(null)],
  [0x88, constant(true)],
  [0x89, constant(false)],
  [code('J'), (machine) => machine.push(machine.source.view(4).getInt32(0, true))],
  [code('K'), (machine) => machine.push(machine.source.byte())],
  [code('M'), (machine) => machine.push(machine.source.view(2).getUint16(0, true))],
  [0x8a, (machine) => machine.push(machine.integer(machine.source.byte()))],
  [0x8b, (machine) => machine.push(machine.integer(machine.source.view(4).getUint32(0, true)))],
  [code('G'), (machine) => machine.push(pythonFloat(machine.source.view(8).getFloat64(0, false)))],
  [code('X'), (machine) => machine.push(machine.text(machine.source.view(4).getUint32(0, true)))],
  [0x8c, (machine) => machine.push(machine.text(machine.source.byte()))],
  [0x8d, (machine) => machine.push(machine.text(machine.source.length64()))],
  [code('U'), (machine) => machine.push(machine.text(machine.source.byte()))],
  [code('T'), (machine) => machine.push(machine.text(machine.source.view(4).getUint32(0, true)))],
  [code('C'), (machine) => machine.push(machine.source.bytes(machine.source.byte()).slice())],
  [code('B'), (machine) => machine.push(machine.source.bytes(machine.source.view(4).getUint32(0, true)).slice())],
  [0x8e, (machine) => machine.push(machine.source.bytes(machine.source.length64()).slice())],
  [code(']'), (machine) => machine.push([])],
  [code('l'), (machine) => machine.push(machine.popToMark())],
  [code('a'), (machine) => machine.append([machine.pop()])],
  [code('e'), (machine) => machine.append(machine.popToMark())],
  [code(')'), (machine) => machine.tuple(0)],
  [0x85, (machine) => machine.tuple(1)],
  [0x86, (machine) => machine.tuple(2)],
  [0x87, (machine) => machine.tuple(3)],
  [code('t'), (machine) => machine.push(new PythonTuple(machine.popToMark()))],
  [code('}'), (machine) => machine.push(new Map())],
  [code('d'), dictOf],
  [code('s'), (machine) => machine.setItems([machine.pop(), machine.pop()].reverse())],
  [code('u'), (machine) => machine.setItems(machine.popToMark())],
  [0x8f, (machine) => machine.push(new PythonObject(SET, [[]]))],
  [0x90, (machine) => machine.append(machine.popToMark())],
  [0x91, collect(FROZEN_SET)],
  [code('c'), (machine) => machine.global(machine.source.line(), machine.source.line())],
  [
    0x93,
    (machine) => {
      const name = machine.pop();
      machine.global(machine.pop(), name);
    },
  ],
  [code('R'), (machine) => machine.reduce('call')],
  [0x81, (machine) => newObject(machine, false)],
  [0x92, (machine) => newObject(machine, true)],
  [code('b'), (machine) => machine.build()],
  [code('Q'), (machine) => machine.push(machine.persistent(machine.pop()))],
  [code('q'), (machine) => machine.memorize(machine.source.byte())],
  [code('r'), (machine) => machine.memorize(machine.source.view(4).getUint32(0, true))],
  [0x94, (machine) => machine.memorize(machine.memoSize)],
  [code('h'), (machine) => machine.recall(machine.source.byte())],
  [code('j'), (machine) => machine.recall(machine.source.view(4).getUint32(0, true))],
]);
