import { expect, test } from 'vitest';
import { formatTable } from '../../src/devices/table.js';

test('columns are as wide as their widest cell, the first to the left and the others to the right', () => {
  const rows = [
    ['kernel', 'calls', 'ms'],
    ['MatMul', '7', '12.25'],
    ['a long name', '12345678', ''],
  ];
  expect(formatTable(rows).split('\n')).toEqual([
    'kernel          calls     ms',
    'MatMul              7  12.25',
    'a long name  12345678',
  ]);
});
