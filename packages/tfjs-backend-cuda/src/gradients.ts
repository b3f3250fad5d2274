import type { Driver } from './driver.js';
import type { DevicePool } from './pool.js';
import type { Block } from './slab.js';

/** Where gradients of parameters go: part of an arena on the device. */
export interface GradientTarget {
  readonly address: number;
  readonly size: number; // elements
}

/** Where a kernel writes the gradient of a parameter. */
export interface GradientPlace {
  readonly address: number;
  /** Whether the gradient is added to the contents; otherwise it overwrites them. */
  readonly accumulate: boolean;
}

/**
 * One backward pass whose kernels add the gradients of parameters to an arena, and what its forward kernels keep for
 * their gradient kernels.
 */
export class GradientPass {
  readonly #begun = new Set<number>();
  readonly #kept = new Map<symbol, Block[]>(); // by call
  #keptBytes = 0;

  constructor(
    readonly driver: Driver,
    readonly pool: DevicePool,
    readonly targets: ReadonlyMap<number, GradientTarget>, // by the id of the parameter's tensor
    /** Whether the contents of the targets count as 0. */
    readonly overwrite: boolean,
  ) {}

  /** Where a kernel writes the gradient of a parameter; null for other tensors. */
  place(parameter: number): GradientPlace | null {
    const target = this.targets.get(parameter);
    if (target === undefined) return null;
    const accumulate = !this.overwrite || this.#begun.has(parameter);
    this.#begun.add(parameter);
    return { address: target.address, accumulate };
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Memory that a forward kernel fills for the gradient kernel of the same call, one address per size in bytes. */
  keep(call: symbol, sizes: readonly number[]): number[] {
    const blocks: Block[] = [];
    this.#kept.set(call, blocks); // before memory is taken, so that it is returned if it does not suffice
    for (const bytes of sizes) {
      const block = this.pool.take(bytes);
      blocks.push(block);
      this.#keptBytes += block.bytes;
    }
    return blocks.map(({ address }) => address);
  }

  /** Lends what `keep` gave for this call to the kernels that `work` starts, once. */
  withKept(call: symbol, work: (addresses: readonly number[]) => void): void {
    const blocks = this.#kept.get(call) ?? [];
    try {
      work(blocks.map(({ address }) => address));
    } finally {
      this.#kept.delete(call);
      this.#give(blocks);
    }
  }

  /** Returns what is still kept. Targets without a gradient become 0 if the pass overwrites. */
  end(): void {
    for (const blocks of this.#kept.values()) this.#give(blocks);
    this.#kept.clear();
    if (!this.overwrite) return;
    for (const [parameter, { address, size }] of this.targets) {
      if (!this.#begun.has(parameter) && size > 0) this.driver.fill({ address, word: 0, count: size });
    }
  }

  #give(blocks: readonly Block[]): void {
    for (const block of blocks) {
      this.#keptBytes -= block.bytes;
      this.pool.give(block);
    }
  }
}
