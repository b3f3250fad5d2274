import type { NamedTensor } from '../checkpoint/safetensors-header.js';
import { UserError } from '../errors.js';
import type { Optimizer } from '../plugins/optimizer.js';
import type { ParameterStore } from './parameter-store.js';

/**
 * The state of an optimizer as tensors: its arenas by parameter (`exp_avg.PARAMETER` …), its other tensors, and the
 * number of its steps as `step`. The data are views, not copies; the arenas must be on the host.
 */
export function optimizerTensors(optimizer: Optimizer, store: ParameterStore, steps: number): Map<string, NamedTensor> {
  const tensors = new Map<string, NamedTensor>();
  for (const [arenaName, arena] of Object.entries(optimizer.arenas)) {
    store.requireOnHost(arena);
    for (const parameter of store.parameters) {
      const data = store.view(arena, parameter);
      tensors.set(`${arenaName}.${parameter.name}`, { dtype: 'F32', shape: parameter.shape, data });
    }
  }
  for (const [name, { shape, data }] of optimizer.tensors ?? []) {
    tensors.set(name, { dtype: data instanceof Float64Array ? 'F64' : 'F32', shape, data });
  }
  return tensors.set('step', { dtype: 'I64', shape: [], data: BigInt64Array.of(BigInt(steps)) });
}

/**
 * Fills an optimizer's arenas and tensors with the result of `optimizerTensors`.
 * @returns the number of steps of the state
 * @throws UserError if the tensors belong to another optimizer or model
 */
export function restoreOptimizer(
  optimizer: Optimizer,
  store: ParameterStore,
  tensors: ReadonlyMap<string, NamedTensor>,
  checkpoint: string,
): number {
  for (const [arenaName, arena] of Object.entries(optimizer.arenas)) {
    for (const parameter of store.parameters) {
      const name = `${arenaName}.${parameter.name}`;
      const data = tensors.get(name)?.data;
      if (!(data instanceof Float32Array) || data.length !== parameter.size) throw otherState(checkpoint, name);
      store.view(arena, parameter).set(data);
    }
  }
  for (const [name, own] of optimizer.tensors ?? []) {
    const data = tensors.get(name)?.data;
    const fits = data instanceof Float32Array || data instanceof Float64Array;
    if (!fits || data.length !== own.data.length) throw otherState(checkpoint, name);
    own.data.set(data);
  }
  const step = tensors.get('step')?.data[0];
  if (step === undefined) throw otherState(checkpoint, 'step');
  return Number(step);
}

const otherState = (checkpoint: string, name: string): UserError =>
  new UserError(
    `the optimizer state in ${checkpoint} has no matching ${name}`,
    'use the --optimizer that it was saved with, or discard the state with --reset-optimizer',
  );
