import { defineOptimizer } from '../plugins/optimizer.js';
import { betasOption, checkBetas } from './betas.js';
import { decoupledWeightDecay } from './weight-decay.js';

/**
 * Adam (Kingma and Ba 2015) as in fairseq: decoupled weight decay (Loshchilov and Hutter 2019) is applied first and to
 * all parameters, and ε is added to √v before the bias correction.
 */
export const adam = defineOptimizer({
  name: 'adam',
  summary: 'Adam with decoupled weight decay',
  isElementWise: true,
  options: {
    adamBetas: betasOption,
    adamEps: { kind: 'float', default: 1e-8, min: 0, help: 'added to the square root of the second moment' },
    weightDecay: decoupledWeightDecay,
  },
  usualLearningRate: () => 5e-4, // fairseq's recipes for translation
  build({ adamBetas, adamEps, weightDecay }, store, kernels) {
    const [beta1, beta2] = checkBetas('--adam-betas', adamBetas);
    const firstMoment = new Float32Array(store.values.length);
    const secondMoment = new Float32Array(store.values.length);
    return {
      arenas: { exp_avg: firstMoment, exp_avg_sq: secondMoment },
      usesKernelsOnly: true,
      // On a device that applies updates before the host knows that they are finite, an update that is not applied ends
      // training or is taken back (Trainer). So `step` is the number of steps that the moments have taken.
      step(learningRate, step) {
        const stepSize = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
        const scalars = { beta1, beta2, epsilon: adamEps, stepSize, decay: learningRate * weightDecay };
        kernels.adamStep(store.values, store.gradients, firstMoment, secondMoment, scalars);
      },
    };
  },
});
