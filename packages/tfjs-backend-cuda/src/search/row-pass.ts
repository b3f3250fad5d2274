import { bfloat16Copy } from '../host/arena.js';
import { multiply, splitsOf } from '../host/gemm.js';
import { type Address, type Precision, roundUp } from '../host/host-device.js';
import { embedRows, endSublayer, type Norm } from '../host/search-rows.js';
import type { DecoderLayer, EncoderLayer, Linear, PackedWeights, Stack } from './packed-weights.js';
import type { GrowingMemory, SearchDevice } from './search-device.js';
import type { StackSizes, TransformerSizes } from './transformer-sizes.js';

/** A model in the memory of the GPU. */
export interface Model {
  readonly device: SearchDevice;
  readonly sizes: TransformerSizes;
  readonly precision: Precision;
  readonly weights: PackedWeights;
}

/** Bytes of an operand's element. */
export const bytesOf = (precision: Precision): number => (precision === 'float32' ? 4 : 2);

/**
 * The number of parts in which a product's inner dimension is summed. Unlike splitsOf, it does not depend on the number of
 * rows: the results of a sentence do not depend on the others in its batch.
 */
const partsOf = ({ inputs, outputs }: Pick<Linear, 'inputs' | 'outputs'>): number =>
  splitsOf({ m: 1, n: outputs, k: inputs });

/** How products with few elements are computed: in parts, so that they fill the GPU, or whole. */
export type Splitting = 'parts' | 'whole';

/** Where a pass keeps its rows: addresses of [rows, width], operands in the precision of the model. */
interface RowMemory {
  readonly x: Address; // float32 [rows, embed], the residual stream
  readonly operand: Address; // [rows, embed], what a sublayer's first product reads, if that is not x
  readonly context: Address; // [rows, embed], operand
  readonly hidden: Address; // [rows, inner], operand
  readonly wide: Address; // float32, a projection in parts [parts, rows, width]
  readonly projected: Address; // float32, the last product of a sublayer in parts [parts, rows, embed]
}

const ALIGNMENT = 256;

/** Divides memory for `rows` rows. */
function rowMemory(
  memory: GrowingMemory,
  { sizes: { embed }, precision }: Model,
  { inner }: StackSizes,
  { rows, splitting }: { readonly rows: number; readonly splitting: Splitting },
): RowMemory {
  const count = (inputs: number, outputs: number): number => (splitting === 'parts' ? partsOf({ inputs, outputs }) : 1);
  const element = bytesOf(precision);
  const wide = Math.max(count(embed, 3 * embed) * 3 * embed, count(embed, embed) * embed, inner);
  const projected = Math.max(count(embed, embed), count(inner, embed)) * embed;
  const widths = [4 * embed, element * embed, element * embed, element * inner, 4 * wide, 4 * projected];
  const bytes = widths.map((width) => roundUp(rows * width, ALIGNMENT));
  let address = memory.reserve(bytes.reduce((sum, size) => sum + size, 0));
  const [x, operand, context, hidden, wideRows, projectedRows] = bytes.map((size) => {
    address += size;
    return address - size;
  }) as [Address, Address, Address, Address, Address, Address];
  return { x, operand, context, hidden, wide: wideRows, projected: projectedRows };
}

/** The position of the norms: after the sum of a sublayer, or before the next sublayer. */
const normOrder = ({ normalizeBefore }: StackSizes) => ({
  afterSum: (norm: Norm): Norm | null => (normalizeBefore ? null : norm),
  beforeSublayer: (norm: Norm): Norm | null => (normalizeBefore ? norm : null),
});

/** One pass of rows through a stack: its kernels are started, not waited for. */
export class RowPass<Layer extends EncoderLayer> {
  readonly memory: RowMemory;
  /** What the next product reads: [rows, embed] in the precision of the model. */
  operand: Address;

  constructor(
    readonly model: Model,
    readonly stack: Stack<Layer>,
    readonly rows: number,
    readonly splitting: Splitting,
    memory: GrowingMemory,
  ) {
    this.memory = rowMemory(memory, model, stack.sizes, { rows, splitting });
    this.operand = this.memory.operand;
  }

  /** x = scale · token + position. @param args.ids int32 [rows] */
  begin(args: Pick<Parameters<typeof embedRows>[1], 'ids' | 'positions'>): void {
    const { tokens, positions, embeddingNorm, sizes, layers } = this.stack;
    const nextNorm = normOrder(sizes).beforeSublayer(layers[0]!.self.norm);
    embedRows(this.model.device, {
      ...{ ...args, tokens, places: positions.address, scale: sizes.scale },
      ...this.#end(embeddingNorm, nextNorm),
    });
  }

  /**
   * Runs the layers.
   * @param attend fills `memory.context` from `operand`, in the self-attention of a layer
   * @param attendSource the same in the attention to the source; null in the encoder
   */
  run(
    attend: (layer: Layer, index: number) => void,
    attendSource: ((layer: Layer & DecoderLayer, index: number) => void) | null,
  ): void {
    const { layers, sizes, finalNorm } = this.stack;
    const { afterSum, beforeSublayer } = normOrder(sizes);
    for (const [index, layer] of layers.entries()) {
      const { self, feedForward } = layer;
      const decoder = attendSource === null ? null : (layer as Layer & DecoderLayer);
      attend(layer, index);
      const afterSelf = decoder === null ? feedForward.norm : decoder.source.norm;
      this.#endSublayer(self.output, this.memory.context, afterSum(self.norm), beforeSublayer(afterSelf));
      if (decoder !== null) {
        attendSource!(decoder, index);
        const { output, norm } = decoder.source;
        this.#endSublayer(output, this.memory.context, afterSum(norm), beforeSublayer(feedForward.norm));
      }
      this.#hide(feedForward.fc1);
      const next = layers[index + 1];
      const nextNorm = next === undefined ? finalNorm : beforeSublayer(next.self.norm);
      this.#endSublayer(feedForward.fc2, this.memory.hidden, afterSum(feedForward.norm), nextNorm);
    }
  }

  /** to = from · Wᵀ + b: float32 [rows, outputs]. */
  multiply({ bias, ...linear }: Linear, from: Address, to: Address, relu = false): void {
    multiply(this.model.device, { ...this.#product(linear, from, to), bias: bias === 0 ? null : bias, relu }, 1);
  }

  /** from · Wᵀ without the bias, in parts: float32 [count, rows, outputs]. Returns the count. */
  multiplyParts(linear: Linear, from: Address, to: Address): number {
    const count = this.splitting === 'parts' ? partsOf(linear) : 1;
    multiply(this.model.device, this.#product(linear, from, to), count);
    return count;
  }

  /** Rounds `size` values to bfloat16. */
  round(x: Address, y: Address, size: number): void {
    bfloat16Copy(this.model.device, { x, y, size });
  }

  /** finalNorm(x), or x: float32 [rows, embed], not rounded. It may overwrite `memory.projected`. */
  features(): Address {
    const { finalNorm } = this.stack;
    const { x, projected } = this.memory;
    if (finalNorm === null) return x;
    if (this.model.precision === 'float32') return this.operand;
    const end = { ...this.#end(null, finalNorm), operand: projected, precision: 'float32' as const };
    endSublayer(this.model.device, { ...end, parts: 0, sublayerBias: 0, count: 0 });
    return projected;
  }

  /** hidden = ReLU(operand · Wᵀ + b) */
  #hide(fc1: Linear): void {
    const { hidden, wide } = this.memory;
    if (this.model.precision === 'float32') {
      this.multiply(fc1, this.operand, hidden, true);
      return;
    }
    this.multiply(fc1, this.operand, wide, true);
    this.round(wide, hidden, this.rows * fc1.outputs);
  }

  /** x ← norm(x + from · Wᵀ + b), and prepares the operand of the next sublayer. */
  #endSublayer(linear: Linear, from: Address, norm: Norm | null, nextNorm: Norm | null): void {
    const { projected } = this.memory;
    const count = this.multiplyParts(linear, from, projected);
    endSublayer(this.model.device, {
      ...{ parts: projected, sublayerBias: linear.bias, count },
      ...this.#end(norm, nextNorm),
    });
  }

  /** How a kernel ends a row. Without rounding and another norm, x itself is the operand. */
  #end(norm: Norm | null, nextNorm: Norm | null) {
    const { rows, memory } = this;
    const { precision, sizes } = this.model;
    const isX = precision === 'float32' && nextNorm === null;
    this.operand = isX ? memory.x : memory.operand;
    const operand = isX ? null : memory.operand;
    return { x: memory.x, norm, nextNorm, operand, precision, rows, columns: sizes.embed };
  }

  #product({ weight, inputs, outputs }: Omit<Linear, 'bias'>, from: Address, to: Address) {
    const { precision } = this.model;
    return { a: from, b: weight, c: to, m: this.rows, n: outputs, k: inputs, transposeB: true, precision };
  }
}
