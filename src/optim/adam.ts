import { UserError } from '../errors.js';
import { defineOptimizer } from '../plugins/optimizer.js';

/**
 * Adam (Kingma and Ba 2015) as fairseq computes it: weight decay is taken off the values first and off all of them
 * (Loshchilov and Hutter 2019), ε is added to √v before bias correction.
 */
export const adam = defineOptimizer({
  name: 'adam',
  summary: 'Adam with decoupled weight decay',
  options: {
    adamBetas: {
      kind: 'numbers',
      default: [0.9, 0.999],
      metavar: 'B1,B2',
      help: "decay rates of the two moments, e.g. '(0.9, 0.98)'",
    },
    adamEps: { kind: 'float', default: 1e-8, min: 0, help: 'added to the root of the second moment' },
    weightDecay: {
      kind: 'float',
      default: 0,
      min: 0,
      aliases: ['--wd'],
      help: 'part of every parameter, times the learning rate, that an update takes off',
    },
  },
  build({ adamBetas, adamEps, weightDecay }, store, kernels) {
    const [beta1, beta2] = checkBetas(adamBetas);
    const firstMoment = new Float32Array(store.values.length);
    const secondMoment = new Float32Array(store.values.length);
    return {
      arenas: { exp_avg: firstMoment, exp_avg_sq: secondMoment },
      step(learningRate, step) {
        const stepSize = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
        const scalars = { beta1, beta2, epsilon: adamEps, stepSize, decay: learningRate * weightDecay };
        kernels.adamStep(store.values, store.gradients, firstMoment, secondMoment, scalars);
      },
    };
  },
});

function checkBetas(betas: readonly number[]): readonly [number, number] {
  const [beta1, beta2] = betas;
  const fits = betas.length === 2 && betas.every((beta) => beta >= 0 && beta < 1);
  if (!fits) throw new UserError(`--adam-betas ${betas.join(',')}`, 'give two numbers from 0 up to 1, e.g. 0.9,0.98');
  return [beta1!, beta2!];
}
