import { defineLrScheduler, UserError } from 'ts-fairseq';

/**
 * A schedule of one's own: the learning rate is halved every so many updates, smoothly, --lr · 2^(−updates / half-life).
 *
 *   ts-fairseq train data-bin/de-en --user-dir examples/lr-scheduler --lr-scheduler half_life --half-life 5000 --lr 5e-4 …
 */
export const halfLife = defineLrScheduler({
  name: 'half_life',
  summary: 'halves --lr every so many updates, smoothly',
  options: {
    halfLife: { kind: 'int', default: 5000, min: 1, metavar: 'UPDATES', help: 'updates after which half is left' },
  },
  build(options, learningRates) {
    const [highest, ...others] = learningRates;
    if (others.length > 0) throw new UserError('half_life takes one --lr', 'give the rate to begin with');
    return {
      learningRate: ({ updates }) => highest! * 2 ** (-updates / options.halfLife),
    };
  },
});
