import { dropoutAddLayerNorm, layerNorm } from '../ops/layer-norm.js';
import type { DropoutSpec } from '../ops/random.js';
import type { Parameter, ParameterStore } from '../optim/parameter-store.js';
import type { Tensor, Tensor1D } from '../tf/index.js';
import { ones, zeros } from './initializers.js';

/** Layer normalisation over the last axis. */
export class LayerNorm {
  readonly #gain: Parameter; // [embed]
  readonly #bias: Parameter; // [embed]

  constructor(store: ParameterStore, name: string, embed: number) {
    this.#gain = store.parameter(`${name}.weight`, [embed], ones);
    this.#bias = store.parameter(`${name}.bias`, [embed], zeros);
  }

  /** The parameters, in the order that native search reads them. */
  get parameters(): readonly Parameter[] {
    return [this.#gain, this.#bias];
  }

  /** Normalises each row of x, float32 [..., size], then applies gain and bias. */
  apply<T extends Tensor>(x: T): T {
    return layerNorm(x, this.#gain.tensor as Tensor1D, this.#bias.tensor as Tensor1D);
  }

  /** layerNorm(residual + dropout(x)) in one operation, which may overwrite x: do not read x afterwards. */
  applyToSum<T extends Tensor>(x: T, residual: T, dropout: DropoutSpec | null): T {
    return dropoutAddLayerNorm(x, residual, this.#gain.tensor as Tensor1D, this.#bias.tensor as Tensor1D, {
      dropout,
      takesOver: true,
    });
  }
}
