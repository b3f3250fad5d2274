import { UserError } from '../src/errors.js';
import { defineCriterion } from '../src/plugins/criterion.js';
import { focalCriterion } from './focal-loss.js';

/**
 * Zhao et al. 2022, appendix C: the focal loss up to p = φ, and −log p + (1 − (1−φ)^γ)·log φ above. (The constant has
 * the wrong sign in equation 12 of the paper; the paper's code has the sign used here.)
 */
export const haltedFocal = defineCriterion({
  name: 'halted_focal',
  summary: 'the focal loss up to p = φ and cross entropy above, so that well-classified tokens keep their weight',
  options: {
    focalGamma: { kind: 'float', default: 2, min: 0, help: 'γ; 0 is cross entropy' },
    focalPhi: { kind: 'float', default: 0.5, help: 'φ in (0, 1), the p above which the loss is cross entropy' },
  },
  build({ focalGamma, focalPhi }) {
    if (!(focalPhi > 0 && focalPhi < 1)) {
      throw new UserError(`--focal-phi ${focalPhi} is not in (0, 1)`, 'the paper uses 0.5');
    }
    return focalCriterion(focalGamma, focalPhi);
  },
});
