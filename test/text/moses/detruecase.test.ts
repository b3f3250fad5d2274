import { expect, test } from 'vitest';
import { detruecase } from '../../../src/text/moses/detruecase.js';
import { goldenLines } from '../golden.js';

test.each([
  ['moses/test.true.en', 'moses/test.detrue.en'],
  ['moses/edge.true', 'moses/edge.detrue'],
])('%s is detruecased like by detruecase.perl', (text, expected) => {
  expect(goldenLines(text).map(detruecase)).toEqual(goldenLines(expected));
});
