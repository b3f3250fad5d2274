import { crossEntropy } from './cross-entropy.js';
import { encouraging } from './encouraging.js';
import { focal } from './focal.js';
import { haltedFocal } from './halted-focal.js';
import { labelSmoothedCrossEntropy } from './label-smoothed-cross-entropy.js';
import { labelSmoothedCrossEntropyWithRdrop } from './label-smoothed-cross-entropy-with-rdrop.js';
import { meanSquareError } from './mean-square-error.js';
import { encourageLoss } from './paper/encourage-loss.js';
import { labelSmoothedEncourageLossFairseq } from './paper/label-smoothed-encourage-loss-fairseq.js';

/** The built-in criterions. */
export const criterions = [
  crossEntropy,
  labelSmoothedCrossEntropy,
  labelSmoothedCrossEntropyWithRdrop,
  encouraging,
  encourageLoss,
  labelSmoothedEncourageLossFairseq,
  focal,
  haltedFocal,
  meanSquareError,
];
