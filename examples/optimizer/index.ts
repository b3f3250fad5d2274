import { defineOptimizer } from 'ts-fairseq';

/**
 * An optimizer as a plug-in: Lion (Chen et al. 2023). It steps by the sign of a moving average m of the gradient g:
 *   p ← p − α·(sign(β1·m + (1−β1)·g) + wd·p);  m ← β2·m + (1−β2)·g
 *
 *   ts-fairseq train data-bin/de-en --user-dir examples/optimizer --optimizer lion --lr 1e-4 …
 */
export const lion = defineOptimizer({
  name: 'lion',
  summary: 'steps by the sign of a moving average of the gradient',
  options: {
    lionBeta1: { kind: 'float', default: 0.9, min: 0, max: 1, help: 'β1, for the step' },
    lionBeta2: { kind: 'float', default: 0.99, min: 0, max: 1, help: 'β2, for the moving average' },
    lionDecay: { kind: 'float', default: 0, min: 0, help: 'wd, the weight decay' },
  },
  usualLearningRate: () => 1e-4, // a third to a tenth of Adam's
  build({ lionBeta1, lionBeta2, lionDecay }, store) {
    const average = new Float32Array(store.values.length); // m; checkpoints store `arenas`
    return {
      arenas: { exp_avg: average },
      step(learningRate) {
        const { values, gradients } = store;
        for (let index = 0; index < values.length; index++) {
          const gradient = gradients[index]!;
          const direction = Math.sign(lionBeta1 * average[index]! + (1 - lionBeta1) * gradient);
          values[index]! -= learningRate * (direction + lionDecay * values[index]!);
          average[index] = lionBeta2 * average[index]! + (1 - lionBeta2) * gradient;
        }
      },
    };
  },
});
