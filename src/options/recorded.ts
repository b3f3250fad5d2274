import { UserError } from '../errors.js';
import { parseOptionValue } from './parse.js';
import { flagOf, type OptionSchema, type OptionSpec, type OptionValues } from './schema.js';

/**
 * Checks the options that a file records as strictly as flags: kinds, choices and ranges.
 * @param where the file, for messages
 * @returns the recorded values of the schema's options by key; numbers that the file stores as text become numbers
 * @throws UserError that names the option
 */
export function checkRecordedOptions(where: string, recorded: OptionValues, schema: OptionSchema): OptionValues {
  const checked = Object.entries(schema).flatMap(([key, spec]) => {
    const value = Object.hasOwn(recorded, key) ? recorded[key] : undefined;
    return value === undefined ? [] : [[key, checkRecorded(`${where} records ${flagOf(key, spec)}`, spec, value)]];
  });
  return Object.fromEntries(checked);
}

const REMEDY = 'use another checkpoint, or save it again';

function checkRecorded(what: string, spec: OptionSpec, value: unknown): unknown {
  if (value === null && spec.default === null) return null;
  if (!isOfKind(spec, value)) {
    throw new UserError(`${what} ${shown(value)}, which is not ${KIND_NAMES[spec.kind]}`, REMEDY);
  }
  const isEmptyList = Array.isArray(value) && value.length === 0;
  if (spec.kind === 'string' || spec.kind === 'strings' || isEmptyList) return value;
  try {
    return parseOptionValue(what, spec, String(value));
  } catch (error) {
    throw error instanceof UserError ? new UserError(error.problem, REMEDY, { cause: error }) : error;
  }
}

const KIND_NAMES: Readonly<Record<OptionSpec['kind'], string>> = {
  int: 'a whole number',
  float: 'a number',
  boolean: 'True or False',
  choice: 'one of its choices',
  string: 'a string',
  numbers: 'a list of numbers',
  strings: 'a list of strings',
};

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumeric = (value: unknown): boolean => typeof value === 'number' || isText(value);

/** fairseq's files store some numbers and booleans as text, and some booleans as numbers. */
function isOfKind({ kind }: OptionSpec, value: unknown): boolean {
  switch (kind) {
    case 'int':
    case 'float':
      return isNumeric(value);
    case 'boolean':
      return typeof value === 'boolean' || isNumeric(value);
    case 'choice':
    case 'string':
      return isText(value);
    case 'numbers':
      return isNumeric(value) || (Array.isArray(value) && value.every(isNumeric));
    case 'strings':
      return Array.isArray(value) && value.every(isText);
  }
}

const MAX_SHOWN_LENGTH = 60;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= MAX_SHOWN_LENGTH ? text : `${text.slice(0, MAX_SHOWN_LENGTH)}…`;
}
