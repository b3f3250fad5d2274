import { engine, getKernel, registerGradient, type NamedTensorMap, type Tensor } from '../tf.js';

type Attributes = Readonly<Record<string, number | boolean | string | readonly number[]>>;

interface OpDefinition<I extends NamedTensorMap, A extends Attributes> {
  /** Name of the native kernel; a backend that registers one under this name is used instead of the composite. */
  readonly name: string;
  /** The same in plain tf operations, differentiable by the tape; returns the outputs in the kernel's order. */
  readonly composite: (inputs: I, attributes: A) => Tensor[];
  /** How the native kernel is differentiated. */
  readonly gradient: {
    readonly saveInputs: readonly (keyof I & string)[];
    readonly saveOutputs: readonly boolean[];
    /** Name of the native kernel that computes it: inputs are the saved tensors and dy, named as below. */
    readonly kernel: string;
    /** Names for [...saveInputs, ...saved outputs, ...dys] as inputs of the gradient kernel. */
    readonly inputNames: readonly string[];
    /** The input that each output of the gradient kernel belongs to. */
    readonly outputs: readonly (keyof I & string)[];
  };
}

/**
 * A fused operation: the native kernel where the current backend has it, else the composite on the tape.
 * The native gradient is computed in one call and eagerly, since tfjs disposes what a lazy closure makes.
 */
export function defineOp<I extends NamedTensorMap, A extends Attributes>(
  definition: OpDefinition<I, A>,
): (inputs: I, attributes: A) => Tensor[] {
  const { name, composite, gradient } = definition;
  registerGradient({
    kernelName: name,
    inputsToSave: [...gradient.saveInputs],
    outputsToSave: [...gradient.saveOutputs],
    gradFunc: (dy, saved, attributes) => {
      const dys = Array.isArray(dy) ? dy : [dy];
      const tensors = [...saved, ...dys];
      const inputs: NamedTensorMap = {};
      gradient.inputNames.forEach((inputName, index) => {
        inputs[inputName] = tensors[index]!;
      });
      const results = engine().runKernel(gradient.kernel, inputs, attributes) as unknown as Tensor[];
      const list = Array.isArray(results) ? results : [results];
      return Object.fromEntries(gradient.outputs.map((inputName, index) => [inputName, () => list[index]!]));
    },
  });
  return (inputs, attributes) => {
    if (getKernel(name, engine().backendName) == null) return composite(inputs, attributes);
    // biome-ignore lint/suspicious/noExplicitAny: tfjs types the attributes of a kernel as its own NamedAttrMap
    const outputs = engine().runKernel(name, inputs, attributes as any) as unknown as Tensor | Tensor[];
    return Array.isArray(outputs) ? outputs : [outputs];
  };
}
