import { defineLrScheduler } from '../plugins/lr-scheduler.js';

/** Epoch e has the e-th rate of `--lr`, the last one from then on; optionally a linear rise at the beginning. */
export const fixed = defineLrScheduler({
  name: 'fixed',
  summary: 'one rate for each epoch of the --lr list',
  options: {
    warmupUpdates: { kind: 'int', default: 0, min: 0, help: 'updates of linear warm-up' },
    forceAnneal: { kind: 'int', default: null, min: 1, metavar: 'EPOCH', help: 'shrink the rate from this epoch on' },
    lrShrink: { kind: 'float', default: 0.1, help: 'factor of each epoch from --force-anneal on' },
  },
  build({ warmupUpdates, forceAnneal, lrShrink }, learningRates) {
    const last = learningRates[learningRates.length - 1]!;
    const rateOfEpoch = (epoch: number): number =>
      forceAnneal === null || epoch < forceAnneal
        ? (learningRates[epoch - 1] ?? last)
        : last * lrShrink ** (epoch + 1 - forceAnneal);
    return {
      learningRate: ({ updates, epoch }) =>
        updates < warmupUpdates ? ((updates + 1) / warmupUpdates) * rateOfEpoch(epoch) : rateOfEpoch(epoch),
    };
  },
});
