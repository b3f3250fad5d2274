import {
  engine,
  getKernel,
  type NamedAttrMap,
  type NamedTensorMap,
  registerGradient,
  type Tensor,
} from '../tf/index.js';
import { collectedInputs, gradientAttributes } from './collected-gradients.js';
import { once } from './once.js';

/** What is not a tensor; tfjs hands it to kernels as it is. */
export type Attributes = Readonly<Record<string, unknown>>;

interface OpDefinition<I extends NamedTensorMap, A extends Attributes> {
  /** Name of the native kernel; a backend that registers one under this name is used instead of the composite. */
  readonly name: string;
  /** The same in plain tf operations, differentiable by the tape; returns the kernel's first output. */
  readonly composite: (inputs: I, attributes: A) => Tensor;
  /** How the native kernel is differentiated: by another native kernel, called once for all inputs. */
  readonly gradient: {
    readonly kernel: string;
    readonly saveInputs: readonly (keyof I & string)[];
    /** The outputs of the forward kernel by name; those in `saveOutputs` are kept for the gradient kernel. */
    readonly outputs: readonly string[];
    readonly saveOutputs: readonly string[];
    /** The inputs that the outputs of the gradient kernel are gradients of, in its order. */
    readonly gradients: readonly (keyof I & string)[];
  };
}

/**
 * A fused operation: the native kernel where the current backend has one, else the composite on the tape.
 *
 * The gradient kernel gets the saved inputs and outputs under their names and `dy`, the gradient of the first output;
 * further outputs (mean, log-sum-exp …) are side products without a gradient. It runs eagerly and once, since tfjs
 * disposes what a lazy closure makes. Attribute `collected` of a gradient kernel: see collected-gradients.ts.
 */
export function defineOp<I extends NamedTensorMap, A extends Attributes>(
  definition: OpDefinition<I, A>,
): (inputs: I, attributes: A) => Tensor {
  const { name, composite, gradient } = definition;
  const isSaved = (output: string): boolean => gradient.saveOutputs.includes(output);
  const savedNames = [...gradient.saveInputs, ...gradient.outputs.filter(isSaved)];
  const gradFunc = (dy: Tensor | Tensor[], saved: Tensor[], attributes: Attributes) => {
    const inputs: NamedTensorMap = { dy: Array.isArray(dy) ? dy[0]! : dy };
    savedNames.forEach((savedName, index) => {
      inputs[savedName] = saved[index]!;
    });
    const results = runKernel(gradient.kernel, inputs, gradientAttributes(attributes));
    return Object.fromEntries(gradient.gradients.map((input, index) => [input, () => results[index]!]));
  };
  const register = once(() =>
    registerGradient({
      kernelName: name,
      inputsToSave: [...gradient.saveInputs],
      outputsToSave: gradient.outputs.map(isSaved),
      gradFunc: (dy, saved, attributes) => gradFunc(dy, saved, attributes as Attributes),
    }),
  );
  return (inputs, attributes) => {
    if (!hasKernel(name)) return composite(inputs, attributes);
    register();
    return runKernel(name, inputs, { ...attributes, ...collectedInputs(inputs) })[0]!;
  };
}

/** True where the current backend has a kernel of this name. */
export function hasKernel(name: string): boolean {
  return getKernel(name, engine().backendName) != null;
}

/** Runs a kernel of the current backend and returns all its outputs. */
export function runKernel(name: string, inputs: NamedTensorMap, attributes: Attributes): Tensor[] {
  const outputs: Tensor | Tensor[] = engine().runKernel(name, inputs, attributes as NamedAttrMap);
  return Array.isArray(outputs) ? outputs : [outputs];
}
