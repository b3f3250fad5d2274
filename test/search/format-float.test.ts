import { describe, expect, it } from 'vitest';
import { formatFloat } from '../../src/search/format-float.js';

describe('formatFloat', () => {
  // Producer: Python 3.11, repr(float).
  it.each([
    [-2, '-2.0'],
    [0, '0.0'],
    [-0, '-0.0'],
    [-1.2268060445785522, '-1.2268060445785522'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-1.52587890625e-5, '-1.52587890625e-05'],
    [5e-324, '5e-324'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [1e-300, '1e-300'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NaN, 'nan'],
  ])('writes %d as Python writes it', (value, text) => {
    expect(formatFloat(value)).toBe(text);
  });
});
