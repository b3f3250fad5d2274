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

/** The arguments of a kernel that are not tensors. */
export type Attributes = Readonly<Record<string, unknown>>;

interface OpDefinition<I extends NamedTensorMap, A extends Attributes> {
  /** The name of the native kernel, which replaces the composite if the current backend has it. */
  readonly name: string;
  /** Whether the kernel of the current backend computes these inputs; all, if absent. */
  readonly isSupported?: (inputs: I, attributes: A) => boolean;
  /** Computes the kernel's first output with differentiable tfjs operations. */
  readonly composite: (inputs: I, attributes: A) => Tensor;
  /** The gradient of the native kernel: another native kernel, which is called once for all inputs. */
  readonly gradient: {
    readonly kernel: string;
    readonly saveInputs: readonly (keyof I & string)[];
    /** The names of the forward kernel's outputs. Those in `saveOutputs` are saved for the gradient kernel. */
    readonly outputs: readonly string[];
    readonly saveOutputs: readonly string[];
    /** The inputs whose gradients the gradient kernel outputs, in the order of its outputs. */
    readonly gradients: readonly (keyof I & string)[];
  };
}

/**
 * Defines a fused operation: the native kernel if the current backend has it for these inputs, else the composite.
 *
 * The inputs of the gradient kernel are the saved inputs and outputs under their names, and `dy`, the gradient of the
 * first output. Other outputs (mean, log-sum-exp …) have no gradient. The gradient kernel runs eagerly and once,
 * because tfjs disposes tensors that a lazy gradient creates. For its attribute `collected` see collected-gradients.ts.
 */
export function defineOp<I extends NamedTensorMap, A extends Attributes>(
  definition: OpDefinition<I, A>,
): (inputs: I, attributes: A) => Tensor {
  const { name, isSupported = () => true, composite, gradient } = definition;
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
  const register = once(() => {
    defined.add(name);
    registerGradient({
      kernelName: name,
      inputsToSave: [...gradient.saveInputs],
      outputsToSave: gradient.outputs.map(isSaved),
      gradFunc: (dy, saved, attributes) => gradFunc(dy, saved, attributes as Attributes),
    });
  });
  return (inputs, attributes) => {
    if (!hasKernel(name) || !isSupported(inputs, attributes)) return composite(inputs, attributes);
    register();
    return runKernel(name, inputs, { ...attributes, ...collectedInputs(inputs) })[0]!;
  };
}

/** The kernels of defined operations, whose gradients read only that of the first output. */
const defined = new Set<string>();

/** Whether the gradient of a kernel reads only that of its first output. */
export const readsFirstGradientOnly = (kernelName: string): boolean => defined.has(kernelName);

/** Whether the current backend has a kernel of this name. */
export function hasKernel(name: string): boolean {
  return getKernel(name, engine().backendName) != null;
}

/** Runs a kernel of the current backend and returns all its outputs. */
export function runKernel(name: string, inputs: NamedTensorMap, attributes: Attributes): Tensor[] {
  const outputs: Tensor | Tensor[] = engine().runKernel(name, inputs, attributes as NamedAttrMap);
  return Array.isArray(outputs) ? outputs : [outputs];
}
