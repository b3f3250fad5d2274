import { crossEntropy } from './cross-entropy.js';
import { encourageLoss } from './encourage-loss.js';
import { encouraging } from './encouraging.js';
import { labelSmoothedCrossEntropy } from './label-smoothed-cross-entropy.js';
import { labelSmoothedEncourageLossFairseq } from './label-smoothed-encourage-loss-fairseq.js';

/** Every criterion; one line adds another. */
export const criterions = [
  crossEntropy,
  labelSmoothedCrossEntropy,
  encouraging,
  encourageLoss,
  labelSmoothedEncourageLossFairseq,
];
