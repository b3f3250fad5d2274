import type { Json } from '../json-text.js';
import { PythonClass, PythonFloat, PythonObject, PythonTuple, type PythonValue } from './python-values.js';

/** Limits far above the size of any options. A file that refers to itself exceeds them. */
const MAX_VALUES = 1_000_000;
const MAX_DEPTH = 200;

/** Limits the number and depth of visited values, so that a small file that refers to itself cannot run forever. */
export class Budget {
  #left = MAX_VALUES;

  /** @param damaged creates the error */
  constructor(readonly damaged: (what: string) => Error) {}

  spend(depth: number): void {
    this.#left -= 1;
    if (this.#left < 0 || depth > MAX_DEPTH) throw this.damaged('its data refers to itself');
  }
}

/**
 * Converts options to plain data. Objects become records of their attributes, tuples lists, enums their values, and
 * OmegaConf's containers and nodes their contents. Everything else becomes null.
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

/** Whether an object is a container or a node of OmegaConf, which fairseq 0.10 uses for its configuration. */
const isOmegaconf = ({ className }: PythonObject): boolean => className.startsWith('omegaconf.');

/**
 * Converts an object of fairseq's configuration to what fairseq's main branch writes instead: OmegaConf's containers to
 * plain ones, enums to their names.
 * @returns undefined for any other object
 */
export function unwrapped(object: PythonObject): PythonValue | undefined {
  if (isOmegaconf(object)) return contentOf(object);
  const [value] = object.args;
  const isEnum = object.className.startsWith('fairseq.dataclass.') && typeof value === 'string';
  return isEnum ? value : undefined;
}

/** The value of an object among options. */
function contentOf(object: PythonObject): PythonValue {
  const { args, state, entries } = object;
  if (isOmegaconf(object) && state instanceof Map) {
    // A container has `_content`, a node `_val`. Both also refer to their parents.
    return (state.get('_content') ?? state.get('_val') ?? null) as PythonValue;
  }
  if (state instanceof Map) return state as PythonValue;
  if (entries.size > 0) return entries;
  const [value = null] = args;
  return args.length === 1 && !(value instanceof PythonClass) ? value : null;
}

/** The value as a record; empty if it is not one. */
export const recordOf = (value: Json | undefined): Readonly<Record<string, Json>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, Json>) : {};
