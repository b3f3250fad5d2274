import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.js';
import { parseOptionValue } from '../../src/options/parse.js';
import type { OptionSpec } from '../../src/options/schema.js';
import { seedSpec } from '../../src/options/seed.js';
import { expectLinearGrowth } from '../helpers/growth.js';

const textOf = (...parts: string[]) =>
  fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((list) => list.join(''));
const NUMBER: OptionSpec = { kind: 'float', default: 0, help: '' };
const NUMBERS: OptionSpec = { kind: 'numbers', default: [], help: '' };

/** The value, or null if the text is refused. */
function parsed(spec: OptionSpec, text: string): unknown {
  try {
    return parseOptionValue('--x', spec, text);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

test('a number has digits, an optional point and an optional power of ten', () => {
  const pattern = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
  fc.assert(
    fc.property(textOf('1', '0', '.', 'e', 'E', '+', '-', ' ', 'x'), (text) => {
      expect(parsed(NUMBER, text)).toBe(pattern.test(text) && Number.isFinite(Number(text)) ? Number(text) : null);
    }),
  );
});

test.each([
  ['0', 0],
  ['2147483647', 2147483647],
  ['2147483648', null],
  ['-1', null],
])('a seed has 31 bits: %s', (text, expected) => {
  expect(parsed({ ...seedSpec, help: '' }, text)).toBe(expected);
});

test('brackets around a list of numbers have no effect, even one without the other', () => {
  fc.assert(
    fc.property(textOf('1', '2', ',', '(', ')', '[', ']', ' '), (text) => {
      const inner = text.trim().replace(/^[([]\s*|\s*[)\]]$/g, '');
      expect(parsed(NUMBERS, text)).toEqual(/[([\])]/.test(inner) ? null : parsed(NUMBERS, inner));
    }),
  );
});

test.each([
  { spec: NUMBER, run: '1' },
  { spec: NUMBERS, run: ' ' },
])('$spec.kind: the time is linear in a run of "$run"', ({ spec, run }) => {
  expectLinearGrowth(
    (text) => parsed(spec, text),
    (length) => `1${run.repeat(length)}x`,
  );
});
