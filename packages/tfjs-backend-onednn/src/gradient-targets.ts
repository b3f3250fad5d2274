import type { StoragePool } from './pool.js';

/**
 * The arrays that gradient kernels add the gradients of parameters to, in one backward pass. If the pass overwrites
 * them, the pool may use their memory until each receives its first gradient. The largest tables of the forward pass
 * are stored there; by then they are disposed or they move.
 */
export class GradientTargets {
  readonly #begun = new Set<number>();
  /** The memory from the first array to the last; null if gradients are added to the contents of the arrays. */
  readonly #lent: Float32Array | null;

  /** @param overwrite discards the contents of the arrays, which are pieces of one buffer; those without a gradient become 0 */
  constructor(
    readonly arrays: ReadonlyMap<number, Float32Array>, // by the id of the parameter's tensor
    readonly pool: StoragePool,
    overwrite: boolean,
  ) {
    this.#lent = overwrite ? memoryOf([...arrays.values()]) : null;
    if (this.#lent !== null) pool.lend(this.#lent);
  }

  /** Where a kernel writes the gradient of a parameter, and whether it adds to the contents; null for other tensors. */
  place(parameter: number): { values: Float32Array; accumulate: boolean } | null {
    const values = this.arrays.get(parameter);
    if (values === undefined) return null;
    if (this.#lent === null || this.#begun.has(parameter)) return { values, accumulate: true };
    this.pool.callBack(values);
    this.#begun.add(parameter);
    return { values, accumulate: false };
  }

  end(): void {
    if (this.#lent === null) return;
    this.pool.endLoan();
    const begun = [...this.#begun].map((parameter) => this.arrays.get(parameter)!);
    let rest = this.#lent;
    for (const { byteOffset, length } of begun.sort((a, b) => a.byteOffset - b.byteOffset)) {
      const begin = (byteOffset - rest.byteOffset) / 4;
      rest.fill(0, 0, begin);
      rest = rest.subarray(begin + length);
    }
    rest.fill(0);
  }
}

/**
 * The memory from the first of these arrays to the last; null without arrays. @throws Error unless they share one
 * buffer
 */
function memoryOf(arrays: readonly Float32Array[]): Float32Array | null {
  if (arrays.length === 0) return null;
  const { buffer } = arrays[0]!;
  if (arrays.some((array) => array.buffer !== buffer)) throw new Error('the arrays of gradients must share one buffer');
  const begin = Math.min(...arrays.map(({ byteOffset }) => byteOffset));
  const end = Math.max(...arrays.map(({ byteOffset, byteLength }) => byteOffset + byteLength));
  return new Float32Array(buffer, begin, (end - begin) / 4);
}
