import { dropout } from '../ops/dropout.js';
import type { Parameter, ParameterStore } from '../optim/parameter-store.js';
import type { Mode } from '../plugins/model.js';
import type { Tensor } from '../tf/index.js';
import { type Activation, activate } from './activation.js';
import type { DropoutSite } from './dropout-site.js';
import { Linear } from './linear.js';

/** The feed-forward network fc2(dropout(activation(fc1(x)))). */
export class FeedForward {
  readonly #fc1: Linear; // [inner, embed]
  readonly #fc2: Linear; // [embed, inner]

  constructor(
    store: ParameterStore,
    name: string,
    embed: number,
    inner: number,
    readonly activation: Activation,
    readonly activationDropout: DropoutSite,
  ) {
    this.#fc1 = Linear.declare(store, `${name}.fc1`, embed, inner);
    this.#fc2 = Linear.declare(store, `${name}.fc2`, inner, embed);
  }

  /** The parameters, in the order that native search reads them. */
  get parameters(): readonly Parameter[] {
    return [...this.#fc1.parameters, ...this.#fc2.parameters];
  }

  apply<T extends Tensor>(x: T, mode: Mode): T {
    return this.#fc2.apply(dropout(this.#hidden(x), this.activationDropout.spec(mode)));
  }

  #hidden<T extends Tensor>(x: T): T {
    if (this.activation === 'relu' || this.activation === 'linear') return this.#fc1.apply(x, this.activation);
    return activate(this.#fc1.apply(x), this.activation);
  }
}
