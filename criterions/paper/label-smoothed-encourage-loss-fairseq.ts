import { defineCriterion } from '../../src/plugins/criterion.js';
import { encouraging } from '../encouraging.js';

/** The paper's second criterion: `encouraging` with the log bonus, whose label smoothing is --label-smoothing. */
export const labelSmoothedEncourageLossFairseq = defineCriterion({
  name: 'label_smoothed_encourage_loss_fairseq',
  summary: "the paper's criterion under its name in fairseq; the same as encouraging",
  options: {
    labelSmoothing: { kind: 'float', default: 0, min: 0, max: 1, help: 'ε of the cross entropy and of the bonus' },
    log_end: {
      kind: 'float',
      flag: 'log_end',
      default: 0.5,
      help: 'LE: above this p the log bonus continues as its tangent; 1: no tangent',
    },
  },
  build({ labelSmoothing, log_end: logEnd }) {
    const defaults = Object.entries(encouraging.options).map(([key, { default: value }]) => [key, value]);
    return encouraging.build({ ...Object.fromEntries(defaults), labelSmoothing, logEnd });
  },
});
