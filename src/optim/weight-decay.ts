import type { FloatOption } from '../options/schema.js';

const flag = { kind: 'float', default: 0, min: 0, aliases: ['--wd'] } as const;

/** Taken off the values: p ← p − lr·wd·p (Loshchilov and Hutter 2019). */
export const decoupledWeightDecay = {
  ...flag,
  help: 'part of every parameter, times the learning rate, that an update takes off',
} as const satisfies FloatOption;

/** Added to the gradient: g ← g + wd·p, the gradient of wd/2 · ‖p‖². */
export const l2WeightDecay = {
  ...flag,
  help: 'part of every parameter that is added to its gradient (an L2 penalty)',
} as const satisfies FloatOption;
