import { defineLrScheduler } from '../plugins/lr-scheduler.js';

/** Epoch e has the e-th rate of `--lr`; later epochs have the last one. A linear warm-up is optional. */
export const fixed = defineLrScheduler({
  name: 'fixed',
  summary: 'one rate of --lr per epoch',
  options: {
    warmupUpdates: { kind: 'int', default: 0, min: 0, help: 'number of updates of the linear warm-up' },
    forceAnneal: { kind: 'int', default: null, min: 1, metavar: 'EPOCH', help: 'shrink the rate from this epoch on' },
    lrShrink: {
      kind: 'float',
      default: 0.1,
      help: 'multiply the rate by this every epoch, starting at --force-anneal',
    },
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
