import { describe, expect, it } from 'vitest';
import { optionFigure } from '../../src/report/option-figure.js';
import { studyOf } from '../../src/report/study.js';
import { inputOf } from './report-input.js';

/** The figures of scores that are given by system and seed. */
const figuresOf = (bleu: Parameters<typeof inputOf>[0]['bleu']) => {
  const study = studyOf(inputOf({ bleu }));
  return study.groups
    .flatMap((group) => optionFigure(study, group))
    .flatMap((block) => (block.kind === 'figure' ? [block.figure] : []));
};

/** The number of lines in a plot. */
const linesIn = (svg: string): number => svg.match(/aria-label="line"/gu)?.length ?? 0;

describe('the figure of BLEU over an option', () => {
  it('has the mean over its values, and other systems across', () => {
    const [figure, ...others] = figuresOf({
      ce: [30, 31],
      'LE=0.5': [33, 34],
      'LE=0.25': [32, 32],
      'LE=1': [35, null],
    });
    expect(others).toEqual([]);
    expect(figure!.id).toBe('bleu-over-le');
    expect(figure!.caption).toBe('BLEU over LE: every seed (thin lines) and the mean; other systems are lines across');
    expect(figure!.legend.map(({ name }) => name)).toEqual(['LE', 'ce']);
    // Two seeds, the mean, and ce.
    expect(linesIn(figure!.panels[0]!.svg)).toBe(4);
  });

  it('is there for every direction', () => {
    const bleu = Object.fromEntries(['de', 'fr'].flatMap((d) => ['a=1', 'a=2', 'a=3'].map((s) => [`${d},${s}`, [1]])));
    expect(figuresOf(bleu).map(({ id }) => id)).toEqual(['bleu-over-a-de', 'bleu-over-a-fr']);
  });

  it.each([
    ['two values', { 'LE=0.5': [1], 'LE=1': [2], ce: [3] }],
    ['names that are no values', { a: [1], b: [2], c: [3] }],
    ['values of several options', { 'lr=1-dropout=2': [1], 'lr=2-dropout=2': [2], 'lr=3-dropout=2': [3] }],
    ['values without scores', { 'LE=0.5': [1], 'LE=1': [null], 'LE=0.1': [3] }],
  ])('is not there with %s', (_, bleu) => {
    expect(figuresOf(bleu)).toEqual([]);
  });
});
