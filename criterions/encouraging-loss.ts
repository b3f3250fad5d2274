import { UserError } from '../src/errors.js';
import { type ClassFunction, classFunction } from '../src/ops/class-function.js';
import type { Criterion } from '../src/plugins/criterion.js';
import * as tf from '../src/tf/index.js';

/** The factor of the bonus in an epoch, counted from 1. */
export type Schedule = (epoch: number) => number;

/** The settings of the encouraging criterions. */
export interface EncouragingLoss {
  readonly labelSmoothing: number; // ε
  readonly bonusLabelSmoothing: number; // ε_b
  /** The bonus b(p); null for none. */
  readonly bonus: ClassFunction | null;
  /** ρ, the weight of the target's bonus. */
  readonly weight: number;
  /** ρ_s, the weight of the bonus that label smoothing spreads over all classes. */
  readonly smoothingWeight: number;
  readonly schedule: Schedule;
  /** 'keep': padding rows count for the bonus, but not for the cross entropy. */
  readonly paddingRows: 'drop' | 'keep';
}

/**
 * Zhao et al. 2022: cross entropy plus a bonus for well-classified tokens, both with label smoothing:
 *   (1−ε)·(−log p_y) + ε/V · Σ_v (−log p_v) + s · [ (1−ε_b)·ρ·b(p_y) + ε_b/V · ρ_s · Σ_v b(p_v) ]
 * where s is the schedule's factor in the current epoch.
 */
export function encouragingLoss(settings: EncouragingLoss): Criterion {
  const { labelSmoothing, bonusLabelSmoothing, bonus, weight, smoothingWeight, schedule, paddingRows } = settings;
  return {
    paddingRows,
    forward({ scores, counts, epoch }) {
      const smoothsBonus = bonus !== null && bonusLabelSmoothing > 0;
      const { targetLogProb, meanLogProb, sums } = scores.statistics(smoothsBonus ? [bonus] : []);
      const counted = (rows: tf.Tensor1D): tf.Tensor1D => (counts === null ? rows : tf.mul(rows, counts));
      const smoothed = tf.add(tf.mul(targetLogProb, 1 - labelSmoothing), tf.mul(meanLogProb, labelSmoothing));
      const nll = tf.neg(tf.sum(counted(targetLogProb))) as tf.Scalar;
      const crossEntropy = tf.neg(tf.sum(counted(smoothed as tf.Tensor1D)));
      if (bonus === null) return { loss: crossEntropy as tf.Scalar, nll };

      const factor = schedule(epoch);
      const target = tf.mul(tf.sum(classFunction(bonus, targetLogProb)), (1 - bonusLabelSmoothing) * weight * factor);
      const spread = sums[0];
      const reward =
        spread === undefined
          ? target
          : tf.add(target, tf.mul(tf.sum(spread), (bonusLabelSmoothing / scores.classes) * smoothingWeight * factor));
      return { loss: tf.add(crossEntropy, reward) as tf.Scalar, nll };
    },
  };
}

/** The names of the bonus schedules. */
export const SCHEDULES = ['constant', 'linear', 'exponential', 'cosine'] as const;

/**
 * The paper's schedules over t = epoch / epochs: linear t; exponential exp((t − 1)·rate), or 1 − exp(t·rate) for a
 * negative rate; cosine (cos(π(1 + t)) + 1) / 2.
 * @throws UserError if the number of epochs is missing, or for an exponential schedule with rate 0
 */
export function bonusSchedule(
  name: (typeof SCHEDULES)[number],
  epochs: number | null,
  rate: number,
  flags: { readonly schedule: string; readonly epochs: string; readonly rate: string },
): Schedule {
  if (name === 'constant') return () => 1;
  if (epochs === null)
    throw new UserError(`${flags.schedule} ${name} requires a number of epochs`, `give ${flags.epochs}`);
  if (name === 'exponential' && rate === 0) {
    throw new UserError(
      `${flags.rate} 0 is not allowed for an exponential schedule`,
      `give another rate, e.g. ${flags.rate} 5`,
    );
  }
  return (epoch) => {
    const t = epoch / epochs;
    switch (name) {
      case 'linear':
        return t;
      case 'exponential':
        return rate > 0 ? Math.exp((t - 1) * rate) : 1 - Math.exp(t * rate);
      case 'cosine':
        return (Math.cos(Math.PI * (1 + t)) + 1) / 2;
    }
  };
}

/** @throws UserError unless 0 < LE ≤ 1 */
export function checkLogEnd(logEnd: number, flag: string): void {
  if (!(logEnd > 0 && logEnd <= 1)) {
    throw new UserError(`${flag} ${logEnd} is not in (0, 1]`, `the paper uses ${flag} 0.5, 0.75 or 1`);
  }
}
