import { defineOptimizer } from '../plugins/optimizer.js';
import { decoupledWeightDecay } from './weight-decay.js';

/**
 * Nesterov's accelerated gradient as in fairseq. The buffer contains steps that are already scaled by the learning
 * rate. When the rate changes, it is scaled by c = lr / (the last update's lr):
 *   p ← p − lr·wd·p;  p ← p + μ²·c·b − (1 + μ)·lr·g;  b ← μ·c·b − lr·g
 */
export const nag = defineOptimizer({
  name: 'nag',
  summary: "Nesterov's accelerated gradient",
  isElementWise: true,
  options: {
    momentum: { kind: 'float', default: 0.99, min: 0, help: 'factor of the last step in the next one' },
    weightDecay: decoupledWeightDecay,
  },
  usualLearningRate: () => 0.25, // fairseq's recipes for convolutional models
  build({ momentum, weightDecay }, store) {
    const buffer = new Float32Array(store.values.length);
    const lastRate = new Float64Array(1);
    return {
      arenas: { momentum_buffer: buffer },
      tensors: new Map([['lr_old', { shape: [], data: lastRate }]]),
      step(learningRate) {
        const { values, gradients } = store;
        const correction = lastRate[0]! > 0 ? learningRate / lastRate[0]! : learningRate;
        for (let index = 0; index < values.length; index++) {
          const gradient = gradients[index]!;
          const last = correction * buffer[index]!;
          const kept = values[index]! * (1 - learningRate * weightDecay);
          values[index] = kept + momentum * momentum * last - (1 + momentum) * learningRate * gradient;
          buffer[index] = momentum * last - learningRate * gradient;
        }
        lastRate[0] = learningRate;
      },
    };
  },
});
