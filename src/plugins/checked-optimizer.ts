import { UserError } from '../errors.js';
import { describeValue, isPromise } from './described-value.js';
import type { OptimizedParameters, Optimizer, OptimizerDefinition, StateTensor } from './optimizer.js';

/**
 * Wraps an optimizer that may not have been type-checked, and checks what it builds and what its steps do.
 * @param source the file that defines it, for messages
 */
export function checkedOptimizer(definition: OptimizerDefinition, source: string): OptimizerDefinition {
  const where = `${source}: the optimizer '${definition.name}'`;
  return {
    ...definition,
    ...(definition.usualLearningRate && {
      usualLearningRate: (options) => checkUsualRate(definition.usualLearningRate?.(options), where),
    }),
    build(options, store, kernels) {
      const optimizer = checkBuilt(definition.build(options, store, kernels), store, where);
      const { arenas, tensors } = optimizer;
      // Without usesKernelsOnly, because `checkValues` reads the weights on the host.
      return {
        arenas,
        ...(tensors !== undefined && { tensors }),
        step(learningRate, step) {
          checkStep(optimizer.step(learningRate, step), where);
          checkValues(store, step, where);
        },
      };
    },
  };
}

function checkUsualRate(rate: unknown, where: string): number | null {
  if (rate === null || (typeof rate === 'number' && rate > 0)) return rate;
  throw new UserError(
    `${where}: usualLearningRate returns ${describeValue(rate)}`,
    'return a number above 0, or null if the optimizer does not use --lr',
  );
}

function checkBuilt(optimizer: Partial<Optimizer> | undefined, store: OptimizedParameters, where: string): Optimizer {
  if (isPromise(optimizer)) throw new UserError(`${where}: build returns a promise`, 'make it synchronous');
  const { arenas, tensors, step } = optimizer ?? {};
  if (typeof step !== 'function') {
    throw new UserError(
      `${where}: build returns no step function`,
      'return { arenas, step(learningRate, step) { … } }',
    );
  }
  if (typeof arenas !== 'object' || arenas === null) {
    throw new UserError(`${where}: arenas is ${describeValue(arenas)}`, 'return `arenas: {}` if it has no state');
  }
  const { length } = store.values;
  for (const [name, arena] of Object.entries<unknown>(arenas)) checkArena(name, arena, length, where);
  if (tensors !== undefined) checkTensors(tensors, where);
  return optimizer as Optimizer;
}

function checkArena(name: string, arena: unknown, length: number, where: string): void {
  const remedy = 'an arena has one element per weight: new Float32Array(store.values.length)';
  if (!(arena instanceof Float32Array)) {
    throw new UserError(`${where}: arenas.${name} is ${describeValue(arena)}, not a Float32Array`, remedy);
  }
  if (arena.length !== length) {
    throw new UserError(`${where}: arenas.${name} has ${arena.length} elements for ${length} weights`, remedy);
  }
}

function checkTensors(tensors: unknown, where: string): void {
  if (!(tensors instanceof Map)) {
    throw new UserError(
      `${where}: tensors is ${describeValue(tensors)}, not a Map`,
      'see StateTensor, or leave it out',
    );
  }
  for (const [name, tensor] of tensors as ReadonlyMap<string, Partial<StateTensor> | undefined>) {
    const { shape, data } = tensor ?? {};
    const isFloats = data instanceof Float32Array || data instanceof Float64Array;
    const size = Array.isArray(shape) ? (shape as number[]).reduce((product, axis) => product * axis, 1) : null;
    if (isFloats && data.length === size) continue;
    throw new UserError(
      `${where}: tensors: '${name}' has no data that match its shape`,
      'give { shape, data }: data is a Float32Array or Float64Array with as many elements as the shape has',
    );
  }
}

function checkStep(result: unknown, where: string): void {
  if (!isPromise(result)) return;
  throw new UserError(`${where}: step returns a promise`, 'make it synchronous: step(learningRate, step) { … }');
}

/** @throws UserError that names the first weight that is no longer finite */
function checkValues(store: OptimizedParameters, step: number, where: string): void {
  const { values } = store;
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const parameter = store.parameters.find(({ offset, size }) => at >= offset && at < offset + size);
  throw new UserError(
    `${where}: step ${step} turns an element of ${parameter?.name ?? 'the padding between weights'} into ${values[at]}`,
    'look for 0/0, the root of a negative number or an overflow in step; the last checkpoint is unchanged',
  );
}
