import { UserError } from '../errors.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import type { OptionSpec, StringOption } from './schema.js';

/**
 * Parses the text after a flag into the option's value. Invalid text is an error, never NaN.
 * @param flag the flag as the user spelled it, for messages
 * @throws UserError for text of the wrong kind, an unknown choice, or a number out of range
 */
export function parseOptionValue(flag: string, spec: OptionSpec, text: string): unknown {
  switch (spec.kind) {
    case 'int':
      return checkRange(flag, { ...EXACT_INTEGERS, ...spec }, parseInteger(flag, text), text.trim());
    case 'float':
      return checkRange(flag, spec, parseFloatStrictly(flag, text));
    case 'boolean':
      return parseBoolean(flag, text);
    case 'choice':
      if (!spec.choices.includes(text)) {
        throw new UserError(`${flag}: unknown value '${text}'`, didYouMean(text, spec.choices));
      }
      return text;
    case 'numbers':
      return parseNumbers(flag, text).map((value) => checkRange(flag, spec, value));
    case 'string':
      return checkPath(flag, spec, text);
    case 'strings':
      return [text];
  }
}

/** Refuses empty paths: a script's unset variable would otherwise select the current folder. */
function checkPath(flag: string, spec: StringOption, text: string): string {
  if (text.trim() !== '' || text === spec.bare || !/^(DIR|FILE|PATH|FP|STEM)\b/.test(spec.metavar ?? '')) return text;
  throw new UserError(`${flag}: the path is empty`, `give one, or leave ${flag} out`);
}

/** Outside this range float64 does not represent every integer. */
const EXACT_INTEGERS = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };

function parseInteger(flag: string, text: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) {
    throw new UserError(`${flag}: '${text}' is not a whole number`, `give one, e.g. ${flag} 10`);
  }
  return Number(text);
}

function parseFloatStrictly(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !/^\s*[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) || !Number.isFinite(value)) {
    throw new UserError(`${flag}: '${text}' is not a number`, `give one, e.g. ${flag} 0.1`);
  }
  return value;
}

function parseBoolean(flag: string, text: string): boolean {
  if (/^(true|1|yes)$/i.test(text)) return true;
  if (/^(false|0|no)$/i.test(text)) return false;
  throw new UserError(`${flag}: '${text}' is neither True nor False`, 'use True or False');
}

/** `0.9,0.98`, `(0.9, 0.98)` and `[1,2]` are the same list. */
function parseNumbers(flag: string, text: string): number[] {
  const inner = withoutBrackets(text).trim();
  if (/^[\d.e+-]+(\s+[\d.e+-]+)+$/i.test(inner)) {
    throw new UserError(`${flag}: '${text}' has no commas`, `did you mean ${flag} ${inner.split(/\s+/).join(',')}?`);
  }
  return inner
    .split(',')
    .filter((part, index, parts) => !(part.trim() === '' && index > 0 && index === parts.length - 1))
    .map((part) => parseFloatStrictly(flag, part));
}

function withoutBrackets(text: string): string {
  const list = text.trim();
  const open = /^[([]/.test(list) ? list.slice(1).trimStart() : list;
  return open.endsWith(')') || open.endsWith(']') ? open.slice(0, -1).trimEnd() : open;
}

function checkRange(flag: string, spec: { min?: number; max?: number }, value: number, shown = `${value}`): number {
  if (spec.min !== undefined && value < spec.min) {
    throw new UserError(`${flag}: ${shown} is too small`, `the minimum is ${spec.min}`);
  }
  if (spec.max !== undefined && value > spec.max) {
    throw new UserError(`${flag}: ${shown} is too large`, `the maximum is ${spec.max}`);
  }
  return value;
}
