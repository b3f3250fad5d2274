import { defineCriterion } from '../src/plugins/criterion.js';
import { focalCriterion } from './focal-loss.js';

/** Lin et al. 2017: −(1−p)^γ·log p, which gives well-classified tokens little weight. */
export const focal = defineCriterion({
  name: 'focal',
  summary: 'cross entropy times (1−p)^γ, which gives well-classified tokens little weight',
  options: { focalGamma: { kind: 'float', default: 2, min: 0, help: 'γ; 0 is cross entropy' } },
  build: ({ focalGamma }) => focalCriterion(focalGamma, null),
});
