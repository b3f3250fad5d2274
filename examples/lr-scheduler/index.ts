import { defineLrScheduler, UserError } from 'ts-fairseq';

/**
 * A learning rate schedule as a plug-in. It halves the rate every N updates, smoothly: --lr · 2^(−updates / N).
 *
 *   ts-fairseq train data-bin/de-en --user-dir examples/lr-scheduler --lr-scheduler half_life --half-life 5000 --lr 5e-4 …
 */
export const halfLife = defineLrScheduler({
  name: 'half_life',
  summary: 'halves --lr smoothly every N updates',
  options: {
    halfLife: { kind: 'int', default: 5000, min: 1, metavar: 'N', help: 'updates until the rate is half as large' },
  },
  build(options, learningRates) {
    const [highest, ...others] = learningRates;
    if (others.length > 0) throw new UserError('half_life accepts only one --lr', 'give the initial rate');
    return {
      learningRate: ({ updates }) => highest! * 2 ** (-updates / options.halfLife),
    };
  },
});
