import { defineOptimizer } from '../plugins/optimizer.js';
import { l2WeightDecay } from './weight-decay.js';

/** Stochastic gradient descent as in PyTorch: g ← g + wd·p; b ← μ·b + g; p ← p − lr·b. */
export const sgd = defineOptimizer({
  name: 'sgd',
  summary: 'stochastic gradient descent, optionally with momentum',
  isElementWise: true,
  options: {
    momentum: { kind: 'float', default: 0, min: 0, help: 'factor of the last step in the next one' },
    weightDecay: l2WeightDecay,
  },
  usualLearningRate: () => 0.25, // fairseq's recipes for convolutional models
  build({ momentum, weightDecay }, store) {
    const buffer = momentum === 0 ? null : new Float32Array(store.values.length);
    const arenas: Record<string, Float32Array> = buffer === null ? {} : { momentum_buffer: buffer };
    return {
      arenas,
      step(learningRate) {
        const { values, gradients } = store;
        for (let index = 0; index < values.length; index++) {
          let change = gradients[index]! + weightDecay * values[index]!;
          if (buffer !== null) {
            change += momentum * buffer[index]!;
            buffer[index] = change;
          }
          values[index]! -= learningRate * change;
        }
      },
    };
  },
});
