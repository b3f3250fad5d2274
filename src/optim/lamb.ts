import { defineOptimizer } from '../plugins/optimizer.js';
import { betasOption, checkBetas } from './betas.js';
import { decoupledWeightDecay } from './weight-decay.js';

/** The norm to which FusedLAMB clips the whole gradient. This is its default; fairseq has no flag for it. */
const MAX_GRADIENT_NORM = 1;

/**
 * LAMB (You et al. 2020) as in fairseq, which uses apex's FusedLAMB with its defaults: decoupled weight decay, bias
 * correction, a gradient norm of at most 1 in addition to --clip-norm, and no trust ratio without weight decay.
 *   g ← g / max(1, ‖all gradients‖);  m ← β1·m + (1−β1)·g;  v ← β2·v + (1−β2)·g²
 *   u = m/(1−β1ᵗ) / (√(v/(1−β2ᵗ)) + ε) + wd·p
 *   p ← p − lr·r·u  with r = ‖p‖/‖u‖ per parameter if wd ≠ 0 and neither norm is 0, else 1
 */
export const lamb = defineOptimizer({
  name: 'lamb',
  summary: 'Adam with steps in proportion to the norm of each parameter, for large batches',
  options: {
    lambBetas: betasOption,
    lambEps: { kind: 'float', default: 1e-8, min: 0, help: 'added to the square root of the second moment' },
    weightDecay: decoupledWeightDecay,
  },
  usualLearningRate: () => 1e-3, // apex's default
  build({ lambBetas, lambEps, weightDecay }, store, kernels) {
    const [beta1, beta2] = checkBetas('--lamb-betas', lambBetas);
    const firstMoment = new Float32Array(store.values.length);
    const secondMoment = new Float32Array(store.values.length);
    const { parameters } = store;
    const changes = new Float32Array(Math.max(0, ...parameters.map(({ size }) => size)));

    return {
      arenas: { exp_avg: firstMoment, exp_avg_sq: secondMoment },
      step(learningRate, step) {
        const { values, gradients } = store;
        const clip = Math.max(1, Math.sqrt(kernels.squaredNorm(gradients)) / MAX_GRADIENT_NORM);
        const correction1 = 1 - beta1 ** step;
        const correction2 = 1 - beta2 ** step;
        for (const { offset, size } of parameters) {
          const [change, value] = [changes.subarray(0, size), values.subarray(offset, offset + size)];
          for (let index = 0; index < size; index++) {
            const gradient = gradients[offset + index]! / clip;
            const m = beta1 * firstMoment[offset + index]! + (1 - beta1) * gradient;
            const v = beta2 * secondMoment[offset + index]! + (1 - beta2) * gradient * gradient;
            firstMoment[offset + index] = m;
            secondMoment[offset + index] = v;
            change[index] = m / correction1 / (Math.sqrt(v / correction2) + lambEps) + weightDecay * value[index]!;
          }
          const norms = [value, change].map((vector) => Math.sqrt(kernels.squaredNorm(vector)));
          const usesTrustRatio = weightDecay !== 0 && norms.every((norm) => norm !== 0);
          const rate = usesTrustRatio ? (learningRate * norms[0]!) / norms[1]! : learningRate;
          for (let index = 0; index < size; index++) value[index]! -= rate * change[index]!;
        }
      },
    };
  },
});
