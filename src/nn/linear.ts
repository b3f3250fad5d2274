import { linear } from '../ops/linear.js';
import type { Parameter, ParameterStore } from '../optim/parameter-store.js';
import type { Tensor, Tensor1D, Tensor2D } from '../tf/index.js';
import { uniform } from './initializers.js';

/** y = activation(x · Wᵀ + b) over the last axis. */
export class Linear {
  constructor(
    readonly weight: Parameter, // [out, in]
    readonly bias: Parameter, // [out]
  ) {}

  /** Declares a layer with PyTorch's initialisation: weight and bias U(±1/√in). */
  static declare(store: ParameterStore, name: string, inSize: number, outSize: number): Linear {
    const initialize = uniform(1 / Math.sqrt(inSize));
    return new Linear(
      store.parameter(`${name}.weight`, [outSize, inSize], initialize),
      store.parameter(`${name}.bias`, [outSize], initialize),
    );
  }

  /** The parameters, in the order that native search reads them. */
  get parameters(): readonly Parameter[] {
    return [this.weight, this.bias];
  }

  /** x · weightᵀ + bias, then the activation; x is float32 [..., in], the result [..., out]. */
  apply<T extends Tensor>(x: T, activation: 'linear' | 'relu' = 'linear'): T {
    return linear(x, this.weight.tensor as Tensor2D, this.bias.tensor as Tensor1D, activation);
  }
}
