import { UserError } from '../errors.js';
import { defineOptions, type OptionsOf } from '../options/schema.js';
import { defineLrScheduler, type ScheduleContext } from '../plugins/lr-scheduler.js';
import { singleRate } from './single-rate.js';

const options = defineOptions({
  warmupSteps: { kind: 'int', default: 0, min: 0, help: 'updates of the warm-up to --lr' },
  holdSteps: { kind: 'int', default: 0, min: 0, help: 'updates at --lr' },
  decaySteps: { kind: 'int', default: 0, min: 0, help: 'updates of the decay to --final-lr-scale times --lr' },
  phaseRatio: {
    kind: 'numbers',
    default: [],
    metavar: 'R1,R2,R3',
    help: "the three phases as fractions of --max-update with the sum 1, e.g. '(0.1, 0.4, 0.5)'",
  },
  initLrScale: { kind: 'float', default: 0.01, help: 'initial rate as a fraction of --lr' },
  finalLrScale: { kind: 'float', default: 0.01, help: 'final rate as a fraction of --lr' },
});

/** A linear warm-up, a constant rate and an exponential decay, as in SpecAugment (Park et al. 2019). */
export const triStage = defineLrScheduler({
  name: 'tri_stage',
  summary: 'rises linearly to --lr, stays constant, falls exponentially',
  options,
  build(options, learningRates, context) {
    const peak = singleRate(learningRates, 'tri_stage');
    const [warmup, hold, decay] = phases(options, context);
    if (decay === 0)
      throw new UserError('--lr-scheduler tri_stage has no decay', 'give --decay-steps or --phase-ratio');
    if (!(options.finalLrScale > 0)) {
      throw new UserError(
        `--final-lr-scale ${options.finalLrScale} is not above 0`,
        'give a fraction above 0, because an exponential decay never reaches 0',
      );
    }
    const first = options.initLrScale * peak;
    return {
      learningRate({ updates }) {
        if (updates < warmup) return first + ((peak - first) / warmup) * updates;
        const decayed = updates - warmup - hold;
        if (decayed < 0) return peak;
        return decayed <= decay ? peak * options.finalLrScale ** (decayed / decay) : peak * options.finalLrScale;
      },
    };
  },
});

function phases(
  { warmupSteps, holdSteps, decaySteps, phaseRatio }: OptionsOf<typeof options>,
  { maxUpdate }: ScheduleContext,
): readonly [number, number, number] {
  if (phaseRatio.length === 0) return [warmupSteps, holdSteps, decaySteps];
  const sum = phaseRatio.reduce((total, ratio) => total + ratio, 0);
  if (phaseRatio.length !== 3 || Math.abs(sum - 1) > 1e-9) {
    throw new UserError(
      `--phase-ratio ${phaseRatio.join(',')}`,
      'give three fractions with the sum 1, e.g. 0.1,0.4,0.5',
    );
  }
  if (maxUpdate <= 0) throw new UserError('--phase-ratio requires --max-update', 'give --max-update');
  const [warmup, hold, decay] = phaseRatio.map((ratio) => Math.trunc(maxUpdate * ratio));
  return [warmup!, hold!, decay!];
}
