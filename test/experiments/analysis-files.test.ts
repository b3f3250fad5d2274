import { describe, expect, it } from 'vitest';
import { distinctNames } from '../../src/experiments/analysis-files.js';

describe('the names of checkpoints', () => {
  it.each([
    [['runs/ce-1/averaged'], ['averaged']],
    [
      ['checkpoints/checkpoint_best', 'checkpoints/checkpoint_last'],
      ['checkpoint_best', 'checkpoint_last'],
    ],
    [
      ['runs/ce-1/averaged', 'runs/el-1/averaged.safetensors'],
      ['ce-1-averaged', 'el-1-averaged'],
    ],
    [
      ['averaged', './el/averaged', 'ce/averaged'],
      ['averaged', 'el-averaged', 'ce-averaged'],
    ],
  ])('are the last parts of their paths that tell them apart: %j', (stems, names) => {
    expect(distinctNames(stems)).toEqual(names);
  });

  it.each([[['a/averaged', 'a/averaged']], [['a/averaged', 'b/averaged', 'a//averaged.safetensors']]])(
    'refuse one that is named twice: %j',
    (stems) => {
      expect(() => distinctNames(stems)).toThrow(/a\/\/?averaged.* is named twice/);
    },
  );
});
