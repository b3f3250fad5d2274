import { defineOptimizer } from '../plugins/optimizer.js';
import { l2WeightDecay } from './weight-decay.js';

/**
 * Adadelta (Zeiler 2012) as in PyTorch, with a learning rate, which is 1 in the paper:
 *   g ← g + wd·p;  s ← ρ·s + (1−ρ)·g²;  δ = √(a + ε) / √(s + ε) · g;  a ← ρ·a + (1−ρ)·δ²;  p ← p − lr·δ
 */
export const adadelta = defineOptimizer({
  name: 'adadelta',
  summary: 'steps in proportion to the ratio of past steps to past gradients',
  isElementWise: true,
  options: {
    adadeltaRho: { kind: 'float', default: 0.9, min: 0, max: 1, help: 'decay rate of the two running averages' },
    adadeltaEps: { kind: 'float', default: 1e-6, min: 0, help: 'added to the averages before the square root' },
    annealEps: { kind: 'boolean', default: false, help: 'accepted for fairseq; has no effect, as in fairseq' },
    weightDecay: l2WeightDecay,
  },
  usualLearningRate: () => 1, // PyTorch's default
  build({ adadeltaRho: rho, adadeltaEps: epsilon, weightDecay }, store) {
    const squareAverage = new Float32Array(store.values.length);
    const accumulatedDelta = new Float32Array(store.values.length);
    return {
      arenas: { square_avg: squareAverage, acc_delta: accumulatedDelta },
      step(learningRate) {
        const { values, gradients } = store;
        for (let index = 0; index < values.length; index++) {
          const gradient = gradients[index]! + weightDecay * values[index]!;
          const square = rho * squareAverage[index]! + (1 - rho) * gradient * gradient;
          const delta = Math.sqrt((accumulatedDelta[index]! + epsilon) / (square + epsilon)) * gradient;
          squareAverage[index] = square;
          accumulatedDelta[index] = rho * accumulatedDelta[index]! + (1 - rho) * delta * delta;
          values[index]! -= learningRate * delta;
        }
      },
    };
  },
});
