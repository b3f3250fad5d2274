import { defineOptimizer } from '../plugins/optimizer.js';
import { l2WeightDecay } from './weight-decay.js';

const EPSILON = 1e-10; // PyTorch's default

/** Adagrad (Duchi et al. 2011) as in PyTorch: g ← g + wd·p; s ← s + g²; p ← p − lr · g / (√s + 1e-10). */
export const adagrad = defineOptimizer({
  name: 'adagrad',
  summary: 'steps shrink as the sum of squared gradients grows',
  isElementWise: true,
  options: { weightDecay: l2WeightDecay },
  usualLearningRate: () => 1e-2, // PyTorch's default
  build({ weightDecay }, store) {
    const sum = new Float32Array(store.values.length);
    return {
      arenas: { sum },
      step(learningRate) {
        const { values, gradients } = store;
        for (let index = 0; index < values.length; index++) {
          const gradient = gradients[index]! + weightDecay * values[index]!;
          sum[index]! += gradient * gradient;
          values[index]! -= (learningRate * gradient) / (Math.sqrt(sum[index]!) + EPSILON);
        }
      },
    };
  },
});
