import { isUtf8 } from 'node:buffer';

/**
 * Checks the precompiled rules of a normaliser. The library does not check bounds, so invalid rules make it read invalid
 * memory.
 *
 * The format is that of `Normalizer::EncodePrecompiledCharsMap`: the size of a double array in bytes (uint32, little
 * endian), the array (darts-clone: uint32 units), and the replacements, each terminated by a zero byte.
 * @throws Error if they are damaged
 */
export function checkCharacterMap(map: Uint8Array): void {
  if (map.length === 0) return;
  const view = new DataView(map.buffer, map.byteOffset, map.byteLength);
  const size = map.length > SIZE_BYTES ? view.getUint32(0, true) : 0;
  const end = SIZE_BYTES + size;
  if (size === 0 || size % UNIT_BYTES !== 0 || end >= map.length) throw damaged('its table does not fit');
  const units = new Uint32Array(size / UNIT_BYTES);
  for (let id = 0; id < units.length; id++) units[id] = view.getUint32(SIZE_BYTES + id * UNIT_BYTES, true);
  const replacements = map.subarray(end);
  if (replacements.at(-1) !== 0 || !isUtf8(replacements)) throw damaged('its replacements are not valid UTF-8');
  checkUnits(units, replacements);
  if (mostMatches(units) > MOST_MATCHES) throw damaged('too many of its rules are prefixes of each other');
}

const damaged = (reason: string): Error => new Error(`its normalisation rules are damaged: ${reason}`);

const SIZE_BYTES = 4;
const UNIT_BYTES = 4;

/** `Normalizer::kMaxTrieResultsSize`: the maximum number of rules that match at one position of a text. */
const MOST_MATCHES = 32;

// A unit of darts-clone: the label in the lowest byte, whether a value follows in bit 8, the offset above it. A unit whose
// highest bit is set is a value and matches no byte of a text.
const isValue = (unit: number): boolean => unit >>> 31 === 1;
const labelOf = (unit: number): number => unit & 0xff;
const hasValue = (unit: number): boolean => ((unit >>> 8) & 1) === 1;
const offsetOf = (unit: number): number => ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0;

/** The unit for a byte is at `base ^ byte`; the value of the unit itself, if it has one, is at `base`. */
const baseOf = (units: Uint32Array, id: number): number => (id ^ offsetOf(units[id]!)) >>> 0;

/** Checks that every unit leads to positions inside the array for every byte, and every value to the start of a replacement. */
function checkUnits(units: Uint32Array, replacements: Uint8Array): void {
  for (let id = 0; id < units.length; id++) {
    if (id !== ROOT && isValue(units[id]!)) continue;
    const base = baseOf(units, id);
    if (base + (0xff - (base % 0x100)) >= units.length) throw damaged('a rule leads out of its table');
    if (!hasValue(units[id]!)) continue;
    const value = units[base]! & 0x7fff_ffff;
    const startsReplacement = value === 0 || (value < replacements.length && replacements[value - 1] === 0);
    if (!startsReplacement) throw damaged('a rule has no replacement');
  }
}

const ROOT = 0;

/** The maximum number of values on a path from the root, i.e. of rules that are prefixes of each other. Infinity for a cycle. */
function mostMatches(units: Uint32Array): number {
  const children = childrenByBase(units);
  const UNSEEN = -2;
  const OPEN = -1;
  const most = new Int32Array(units.length).fill(UNSEEN); // by unit, below it
  const way = [ROOT];
  while (way.length > 0) {
    const id = way.at(-1)!;
    const below = children(baseOf(units, id));
    if (most[id] === UNSEEN) {
      most[id] = OPEN;
      for (const child of below) {
        if (most[child] === OPEN) return Number.POSITIVE_INFINITY;
        if (most[child] === UNSEEN) way.push(child);
      }
      continue;
    }
    way.pop();
    if (most[id] === OPEN) {
      most[id] = Math.max(0, ...below.map((child) => Number(hasValue(units[child]!)) + Math.max(0, most[child]!)));
    }
  }
  return most[ROOT]!;
}

/** The units that can follow a unit, given its base. */
function childrenByBase(units: Uint32Array): (base: number) => number[] {
  const first = new Int32Array(units.length).fill(-1); // by base
  const next = new Int32Array(units.length).fill(-1); // by unit
  for (let id = units.length - 1; id >= 0; id--) {
    if (isValue(units[id]!)) continue;
    const base = id ^ labelOf(units[id]!);
    if (base >= units.length) continue; // checkUnits: no unit leads there
    next[id] = first[base]!;
    first[base] = id;
  }
  return (base) => {
    const found: number[] = [];
    for (let id = first[base]!; id >= 0; id = next[id]!) found.push(id);
    return found;
  };
}
