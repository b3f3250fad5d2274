import type { Json } from '../json-text.js';
import { PythonClass, PythonFloat, PythonObject, PythonTuple, type PythonValue } from './python-values.js';

/** Values that options are made of are fewer and shallower by far; a file may hold more by referring to itself. */
const MAX_VALUES = 1_000_000;
const MAX_DEPTH = 200;

/** Counts what is walked through, so that a few bytes that refer to each other cannot keep us busy for ever. */
export class Budget {
  #left = MAX_VALUES;

  /** @param damaged makes the error */
  constructor(readonly damaged: (what: string) => Error) {}

  spend(depth: number): void {
    this.#left -= 1;
    if (this.#left < 0 || depth > MAX_DEPTH) throw this.damaged('its data refer to themselves');
  }
}

/**
 * Options as plain data: objects become records of their attributes, tuples lists, enums their values; OmegaConf's
 * containers and nodes what they hold. What cannot be said so is null.
 */
export function plainData(value: PythonValue, budget: Budget, depth = 0): Json {
  budget.spend(depth);
  const inner = (part: PythonValue): Json => plainData(part, budget, depth + 1);
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') {
    return value;
  }
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof PythonFloat) return value.value;
  if (value instanceof PythonTuple) return value.items.map(inner);
  if (Array.isArray(value)) return (value as readonly PythonValue[]).map(inner);
  if (value instanceof Map) {
    return Object.fromEntries(
      [...(value as ReadonlyMap<PythonValue, PythonValue>)].flatMap(([key, item]) =>
        typeof key === 'string' && key !== '__proto__' ? [[key, inner(item)]] : [],
      ),
    );
  }
  return value instanceof PythonObject ? inner(contentOf(value)) : null;
}

/** Whether an object is a container or a node of OmegaConf, in which fairseq 0.10 keeps its configuration. */
const isOmegaconf = ({ className }: PythonObject): boolean => className.startsWith('omegaconf.');

/**
 * What fairseq's main writes in the place of an object of fairseq's configuration: OmegaConf's containers as plain ones,
 * its enums as their names.
 * @returns undefined for any other object
 */
export function unwrapped(object: PythonObject): PythonValue | undefined {
  if (isOmegaconf(object)) return contentOf(object);
  const [value] = object.args;
  const isEnum = object.className.startsWith('fairseq.dataclass.') && typeof value === 'string';
  return isEnum ? value : undefined;
}

/** What an object stands for where options are concerned. */
function contentOf(object: PythonObject): PythonValue {
  const { args, state, entries } = object;
  if (isOmegaconf(object) && state instanceof Map) {
    // A container holds `_content`, a node `_val`; both also refer to their parents.
    return (state.get('_content') ?? state.get('_val') ?? null) as PythonValue;
  }
  if (state instanceof Map) return state as PythonValue;
  if (entries.size > 0) return entries;
  const [value = null] = args;
  return args.length === 1 && !(value instanceof PythonClass) ? value : null;
}

/** A record among plain data; empty where it is something else. */
export const recordOf = (value: Json | undefined): Readonly<Record<string, Json>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, Json>) : {};
