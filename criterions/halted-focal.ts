import { UserError } from '../src/errors.js';
import { defineCriterion } from '../src/plugins/criterion.js';
import { focalCriterion } from './focal-loss.js';

/**
 * Zhao et al. 2022, appendix C: the focal loss up to p = φ, above it −log p + (1 − (1−φ)^γ)·log φ. (The sign of the
 * constant in the paper's equation 12 is a slip; its code agrees with this.)
 */
export const haltedFocal = defineCriterion({
  name: 'halted_focal',
  summary: 'the focal loss up to p = φ, cross entropy above, so that what is well classified counts again',
  options: {
    focalGamma: { kind: 'float', default: 2, min: 0, help: 'γ; 0 is cross entropy' },
    focalPhi: { kind: 'float', default: 0.5, help: 'φ, where cross entropy begins, in (0, 1)' },
  },
  build({ focalGamma, focalPhi }) {
    if (!(focalPhi > 0 && focalPhi < 1)) {
      throw new UserError(`--focal-phi ${focalPhi} is not in (0, 1)`, 'the paper uses 0.5');
    }
    return focalCriterion(focalGamma, focalPhi);
  },
});
