import { describe, expect, it } from 'vitest';
import { criterionLabel, criterionsToCompare } from '../../src/analysis/criterions.js';
import { selectOptions } from '../../src/options/select.js';
import { criterionRegistry } from '../helpers/criterion.js';

describe('the label of a criterion', () => {
  it.each([
    ['CE', 'cross_entropy', {}],
    ['CE', 'label_smoothed_cross_entropy', { labelSmoothing: 0, reportAccuracy: true }],
    ['CE + LS', 'label_smoothed_cross_entropy', { labelSmoothing: 0.1, smoothingClasses: 'all' }],
    ['CE + LS (fairseq)', 'label_smoothed_cross_entropy', { labelSmoothing: 0.1 }],
    ['CE + LS 0.2 (fairseq)', 'label_smoothed_cross_entropy', { labelSmoothing: 0.2 }],
    ['EL, LE 0.5', 'encouraging', {}],
    ['EL + LS, LE 0.75', 'encouraging', { labelSmoothing: 0.1, logEnd: 0.75 }],
    ['EL + LS, LE 0.5', 'encouraging', { labelSmoothing: 0.1, bonusLabelSmoothing: 0.1 }],
    ['EL + LS, LE 0.5, bonus-label-smoothing 0', 'encouraging', { labelSmoothing: 0.1, bonusLabelSmoothing: 0 }],
    ['EL, LE 0.5, bonus cosine', 'encouraging', { bonus: 'cosine' }],
    ['EL + LS, LE 0.5', 'label_smoothed_encourage_loss_fairseq', { labelSmoothing: 0.1 }],
    ['encourage_loss, LE 0.75, bonus_gamma -1', 'encourage_loss', { bonus_gamma: -1, log_end: 0.75 }],
    ['focal, focal-gamma 3', 'focal', { focalGamma: 3 }],
  ])('%s', (label, name, options) => {
    const definition = criterionRegistry.get(name);
    expect(criterionLabel(definition, selectOptions(definition.options, options))).toBe(label);
  });
});

describe('the criterions that a checkpoint is compared with', () => {
  const labels = (name: string, options: Record<string, unknown>, labelSmoothing = 0.1): string[] =>
    criterionsToCompare(criterionRegistry, { definition: criterionRegistry.get(name), options }, labelSmoothing).map(
      ({ label }) => label,
    );
  const paper = [
    'CE',
    'CE + LS',
    'EL, LE 0.25',
    'EL, LE 0.5',
    'EL, LE 0.75',
    'EL, LE 0.9',
    'EL, LE 1',
    'EL + LS, LE 0.5',
  ];

  it("begin with the checkpoint's own", () => {
    expect(labels('focal', { focalGamma: 3 })).toEqual(['focal, focal-gamma 3', ...paper]);
  });

  it.each([
    ['encouraging', { labelSmoothing: 0.1 }, 'EL + LS, LE 0.5'],
    ['encouraging', { logEnd: 0.9 }, 'EL, LE 0.9'],
    ['cross_entropy', {}, 'CE'],
  ])('contain it once: %s, %j', (name, options, own) => {
    expect(labels(name, options)).toEqual([own, ...paper.filter((label) => label !== own)]);
  });

  it('name ε if it is not 0.1, and are fewer without smoothing', () => {
    expect(labels('cross_entropy', {}, 0.3)).toContain('EL + LS 0.3, LE 0.5');
    expect(labels('cross_entropy', {}, 0)).toEqual(paper.filter((label) => !label.includes('LS')));
  });
});
