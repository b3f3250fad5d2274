import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProgressLine, type ProgressLine } from '../../src/cli/output/progress-line.js';

/** The metrics of a training with label smoothing, in the order of the log. */
const STATS = [
  ['loss', '9.443'],
  ['nll_loss', '8.876'],
  ['ppl', '469.9'],
  ['wps', '9743.2'],
  ['ups', '2.61'],
  ['wpb', '3732.5'],
  ['bsz', '232.1'],
  ['num_updates', '1200'],
  ['lr', '0.00015'],
  ['gnorm', '1.873'],
] as const;

const LINE: ProgressLine = { label: 'epoch 003', count: '1200/3560', stats: STATS, left: '15m05s' };

const plain = (line: ProgressLine, columns: number): string =>
  stripVTControlCharacters(formatProgressLine(line, columns, (size) => '#'.repeat(size)));

describe('the line of a progress bar', () => {
  it.each([
    [200, `epoch 003 ${'#'.repeat(24)} 1200/3560  ${STATS.map((stat) => stat.join(' ')).join('  ')}  left 15m05s`],
    [80, `epoch 003 ${'#'.repeat(18)} 1200/3560  loss 9.443  nll_loss 8.876  left 15m05s`],
    [60, `epoch 003 ${'#'.repeat(14)} 1200/3560  loss 9.443  left 15m05s`],
    [45, `epoch 003 ${'#'.repeat(11)} 1200/3560  left 15m05s`],
    [36, 'epoch 003 1200/3560  left 15m05s'],
    [30, 'epoch 003 left 15m05s'],
    [12, 'left 15m05s'],
  ])('on %d columns has what fits', (columns, line) => {
    expect(plain(LINE, columns)).toBe(line);
  });

  it('has the time left, and fits wherever that fits', () => {
    const word = fc.stringMatching(/^[a-z0-9_]{1,12}$/);
    const anyLine = fc.record({ label: word, count: word, left: word, stats: fc.array(fc.tuple(word, word)) });
    fc.assert(
      fc.property(anyLine, fc.integer({ min: 1, max: 250 }), (line, columns) => {
        const text = plain(line, columns);
        expect(text.endsWith(`left ${line.left}`)).toBe(true);
        if (columns > `left ${line.left}`.length) expect(text.length).toBeLessThan(columns);
      }),
    );
  });
});
