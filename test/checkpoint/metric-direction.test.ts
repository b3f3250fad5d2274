import { expect, it } from 'vitest';
import { isMaximized } from '../../src/checkpoint/metric-direction.js';

it.each([
  { metric: 'bleu', flag: false, maximized: true },
  { metric: 'accuracy', flag: undefined, maximized: true },
  { metric: 'chrf', flag: false, maximized: true },
  { metric: 'loss', flag: false, maximized: false },
  { metric: 'ppl', flag: undefined, maximized: false },
  { metric: 'loss', flag: true, maximized: true },
])('the best $metric is the largest under $flag: $maximized', ({ metric, flag, maximized }) => {
  expect(isMaximized(metric, flag)).toBe(maximized);
});
