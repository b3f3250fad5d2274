import type { FloatOption } from '../options/schema.js';

const flag = { kind: 'float', default: 0, min: 0, aliases: ['--wd'] } as const;

/** Decoupled weight decay: p ← p − lr·wd·p (Loshchilov and Hutter 2019). */
export const decoupledWeightDecay = {
  ...flag,
  help: 'each update subtracts this fraction of a parameter, times the learning rate',
} as const satisfies FloatOption;

/** L2 penalty: g ← g + wd·p, where wd·p is the gradient of wd/2 · ‖p‖². */
export const l2WeightDecay = {
  ...flag,
  help: 'fraction of each parameter that is added to its gradient (L2 penalty)',
} as const satisfies FloatOption;
