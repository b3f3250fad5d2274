import { hasKernel } from '../ops/define-op.js';
import { type MaskAttributes, maskSizes } from '../ops/dropout.js';
import { dropThreshold } from '../ops/philox.js';
import type { DropoutAttributes } from '../ops/random.js';
import * as tf from '../tf/index.js';

/** A tensor of libtensorflow, of any of its types. */
interface ForeignTensor {
  readonly id: number;
}

/** The parts of the packages' binding to libtensorflow that a kernel uses. */
interface Binding {
  readonly TF_ATTR_TYPE: number;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  createTensor(shape: readonly number[], type: number, values: Int32Array): number;
  deleteTensor(id: number): void;
  executeOp(
    name: string,
    attributes: readonly { readonly name: string; readonly type: number; readonly value: number }[],
    inputs: readonly number[],
    outputs: number,
  ): ForeignTensor[];
}

/** The parts of the packages' backend in use. */
export interface TensorFlowBackend extends tf.KernelBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: Binding;
  createOutputTensor(tensor: ForeignTensor): tf.Tensor;
}

/** Types that TensorFlow.js does not have, by their numbers in TensorFlow. */
const DOUBLE = 2;
const UINT32 = 22;
const UINT64 = 23;

/** TensorFlow's number of Philox4x32-10. */
const PHILOX = 1;

/** Runs TensorFlow's operations on tensors of all its types. */
class Operations {
  private readonly temporary: ForeignTensor[] = [];

  constructor(private readonly binding: Binding) {}

  int32(shape: readonly number[], values: readonly number[]): ForeignTensor {
    const id = this.binding.createTensor(shape, this.binding.TF_INT32, Int32Array.from(values));
    this.temporary.push({ id });
    return { id };
  }

  /** A tensor of a type of 64 bits from 32-bit words, the low word of an element first. */
  words(type: number, shape: readonly number[], words: readonly number[]): ForeignTensor {
    return this.run('Bitcast', { T: this.binding.TF_INT32, type }, this.int32([...shape, 2], words));
  }

  /** An operation with one output whose attributes are types. */
  run(name: string, types: Readonly<Record<string, number>>, ...inputs: ForeignTensor[]): ForeignTensor {
    const attributes = Object.entries(types).map(([key, value]) => ({
      name: key,
      type: this.binding.TF_ATTR_TYPE,
      value,
    }));
    const ids = inputs.map(({ id }) => id);
    const [output] = this.binding.executeOp(name, attributes, ids, 1);
    this.temporary.push(output!);
    return output!;
  }

  /** Frees all tensors but one. */
  freeAllBut(result: ForeignTensor | null): void {
    for (const tensor of this.temporary) if (tensor !== result) this.binding.deleteTensor(tensor.id);
  }
}

/**
 * 1 for the elements that a mask keeps and 0 for others: float32 [rows, columns], where columns are a multiple of 4.
 * TensorFlow's generator counts as ops/philox.ts does. Words are compared as doubles, because TensorFlow compares int32 on
 * the processor even if there is a GPU.
 */
function keptElements(
  backend: TensorFlowBackend,
  dropout: DropoutAttributes,
  rows: number,
  columns: number,
): tf.Tensor {
  const { TF_BOOL, TF_FLOAT, TF_INT32 } = backend.binding;
  const ops = new Operations(backend.binding);
  let result: ForeignTensor | null = null;
  try {
    const words = ops.run(
      'StatelessRandomUniformFullIntV2',
      { dtype: UINT32, Tshape: TF_INT32 },
      ops.int32([2], [rows, columns]),
      ops.words(UINT64, [1], [dropout.dropoutSeed, dropout.dropoutUpdate]),
      ops.words(UINT64, [2], [0, 0, dropout.dropoutSite, dropout.dropoutMicroBatch]),
      ops.int32([], [PHILOX]),
    );
    const threshold = new Int32Array(Float64Array.of(dropThreshold(dropout.dropoutProbability)).buffer);
    const isKept = ops.run(
      'GreaterEqual',
      { T: DOUBLE },
      ops.run('Cast', { SrcT: UINT32, DstT: DOUBLE }, words),
      ops.words(DOUBLE, [], [...threshold]),
    );
    result = ops.run('Cast', { SrcT: TF_BOOL, DstT: TF_FLOAT }, isKept);
  } finally {
    ops.freeAllBut(result);
  }
  return backend.createOutputTensor(result);
}

/** The mask of ops/dropout.ts, computed on the device. */
function dropoutMask(backend: TensorFlowBackend, { shape, ...dropout }: MaskAttributes): tf.Tensor {
  const [rows, columns] = maskSizes(shape);
  return tf.tidy(() => {
    const kept = keptElements(backend, dropout, rows, Math.ceil(columns / 4) * 4);
    return tf.mul(tf.reshape(tf.slice(kept, [0, 0], [rows, columns]), shape), 1 / (1 - dropout.dropoutProbability));
  });
}

/** Registers the kernels of `ops` for the current backend, unless it has them. */
export function registerTensorFlowKernels(): void {
  if (hasKernel('DropoutMask')) return;
  tf.registerKernel({
    kernelName: 'DropoutMask',
    backendName: tf.getBackend(),
    kernelFunc: ({ attrs, backend }) => dropoutMask(backend as TensorFlowBackend, attrs as MaskAttributes),
  });
}
