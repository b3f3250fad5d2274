import { defineCriterion } from '../src/plugins/criterion.js';
import { focalCriterion } from './focal-loss.js';

/** Lin et al. 2017: −(1−p)^γ·log p, which overlooks what is well classified. */
export const focal = defineCriterion({
  name: 'focal',
  summary: 'cross entropy times (1−p)^γ, which overlooks what is well classified',
  options: { focalGamma: { kind: 'float', default: 2, min: 0, help: 'γ; 0 is cross entropy' } },
  build: ({ focalGamma }) => focalCriterion(focalGamma, null),
});
