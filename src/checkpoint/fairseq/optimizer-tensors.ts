import type { NamedTensor } from '../safetensors-header.js';
import { itemsOf } from './construct.js';
import { settingTensors } from './parameter-group.js';
import { type FairseqParameter, type ReadTensor, splitParameter } from './parameters.js';
import { numberOf, type PythonDict, type PythonValue, TensorReference } from './python-values.js';

/**
 * Converts PyTorch's optimizer state, `{state: {index: {exp_avg: …}}, param_groups}`, to our tensors
 * `exp_avg.PARAMETER` and `step`. In mixed precision the state is one vector for all parameters, which is split here.
 * @param steps the number of steps, if the optimizer does not record it
 * @returns null if the file has no such state
 */
export function optimizerTensors(
  state: PythonValue | undefined,
  parameters: readonly FairseqParameter[],
  steps: number,
  read: ReadTensor,
): Map<string, NamedTensor> | null {
  if (!(state instanceof Map)) return null;
  const byIndex = (state as PythonDict).get('state');
  if (!(byIndex instanceof Map)) return null;
  const states = orderOf((state as PythonDict).get('param_groups'), byIndex).map((index) => byIndex.get(index));
  const isFlat = states.length === 1 && parameters.length > 1;
  const tensors = new Map<string, NamedTensor>();
  let step: number | null = null;
  let offset = 0;
  for (const [index, parameter] of parameters.entries()) {
    const entry = states[isFlat ? 0 : index];
    if (!(entry instanceof Map)) continue;
    step ??= stepOf((entry as PythonDict).get('step'), read);
    for (const [key, value] of entry as PythonDict) {
      if (typeof key !== 'string' || key === 'step' || !(value instanceof TensorReference)) continue;
      for (const [name, part] of stateOf(parameter, value, isFlat ? offset : null)) {
        tensors.set(`${key}.${name}`, read(part));
      }
    }
    offset += parameter.tensor.size;
  }
  for (const group of itemsOf((state as PythonDict).get('param_groups'))) {
    for (const [name, tensor] of group instanceof Map ? settingTensors(group as PythonDict) : [])
      tensors.set(name, tensor);
  }
  return tensors.set('step', { dtype: 'I64', shape: [], data: BigInt64Array.of(BigInt(Math.trunc(step ?? steps))) });
}

/** The keys of the state in the order of the parameters: 0, 1, … or, before PyTorch 1.5, memory addresses. */
function orderOf(groups: PythonValue | undefined, state: PythonDict): PythonValue[] {
  const listed = itemsOf(groups).flatMap((group) =>
    group instanceof Map ? itemsOf((group as PythonDict).get('params')) : [],
  );
  return listed.length > 0 ? listed : [...state.keys()];
}

/**
 * Splits a tensor of the state like its parameter.
 * @param offset of the parameter in a vector of all; null: no vector
 */
function stateOf(
  parameter: FairseqParameter,
  value: TensorReference,
  offset: number | null,
): (readonly [name: string, part: TensorReference])[] {
  const { shape, size } = parameter.tensor;
  if (offset !== null) {
    const fits = value.shape.length === 1 && offset + size <= value.size;
    return fits ? splitParameter(parameter, value.part(offset, shape)) : [];
  }
  return value.size === size && value.shape.length === shape.length
    ? splitParameter(parameter, value)
    : [[parameter.parts[0]!.name, value]];
}

function stepOf(step: PythonValue | undefined, read: ReadTensor): number | null {
  if (step instanceof TensorReference) return step.size === 1 ? Number(read(step).data[0]) : null;
  return numberOf(step);
}
