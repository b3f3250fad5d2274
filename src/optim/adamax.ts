import { defineOptimizer } from '../plugins/optimizer.js';
import { betasOption, checkBetas } from './betas.js';
import { decoupledWeightDecay } from './weight-decay.js';

/**
 * Adamax (Kingma and Ba 2015) as in fairseq:
 *   m ← β1·m + (1−β1)·g;  u ← max(β2·u, |g|);  p ← p − lr·wd·p;  p ← p − lr / (1 − β1ᵗ) · m / (u + ε)
 */
export const adamax = defineOptimizer({
  name: 'adamax',
  summary: 'Adam with the largest gradient instead of the mean square',
  isElementWise: true,
  options: {
    adamaxBetas: betasOption,
    adamaxEps: { kind: 'float', default: 1e-8, min: 0, help: 'added to the largest gradient' },
    weightDecay: decoupledWeightDecay,
    noBiasCorrection: { kind: 'boolean', default: false, help: 'do not divide by 1 − β1ᵗ' },
  },
  usualLearningRate: () => 2e-3, // PyTorch's default, from the paper
  build({ adamaxBetas, adamaxEps, weightDecay, noBiasCorrection }, store) {
    const [beta1, beta2] = checkBetas('--adamax-betas', adamaxBetas);
    const average = new Float32Array(store.values.length);
    const largest = new Float32Array(store.values.length);
    return {
      arenas: { exp_avg: average, exp_inf: largest },
      step(learningRate, step) {
        const { values, gradients } = store;
        const stepSize = noBiasCorrection ? learningRate : learningRate / (1 - beta1 ** step);
        for (let index = 0; index < values.length; index++) {
          const gradient = gradients[index]!;
          average[index] = beta1 * average[index]! + (1 - beta1) * gradient;
          largest[index] = Math.max(beta2 * largest[index]!, Math.abs(gradient));
          const kept = values[index]! * (1 - learningRate * weightDecay);
          values[index] = kept - (stepSize * average[index]!) / (largest[index]! + adamaxEps);
        }
      },
    };
  },
});
