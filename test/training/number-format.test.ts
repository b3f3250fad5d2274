import { describe, expect, it } from 'vitest';
import { formatGeneral, roundTo } from '../../src/training/number-format.js';

describe("formatGeneral is Python's {:g}", () => {
  // Python 3: '{:g}'.format(value)
  it.each([
    [0, '0'],
    [10.3, '10.3'],
    [388, '388'],
    [-0.25, '-0.25'],
    [1e-3 / 30, '3.33333e-05'],
    [0.0001, '0.0001'],
    [0.000133333333, '0.000133333'],
    [123456.7, '123457'],
    [999999.5, '1e+06'],
    [1234567, '1.23457e+06'],
    [1e-10, '1e-10'],
    [1e100, '1e+100'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [Number.NaN, 'nan'],
  ])('%d is %s', (value, text) => {
    expect(formatGeneral(value)).toBe(text);
  });
});

describe("roundTo is Python's round", () => {
  it.each([
    [2.345, 2, 2.35],
    [388.25, 1, 388.2],
    [0.5, 0, 0],
    [1.5, 0, 2],
    [Number.POSITIVE_INFINITY, 2, Number.POSITIVE_INFINITY],
  ])('of %d to %i digits is %d', (value, digits, rounded) => {
    expect(roundTo(value, digits)).toBe(rounded);
  });
});
