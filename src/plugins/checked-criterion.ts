import { UserError } from '../errors.js';
import type { Criterion, CriterionDefinition, CriterionOutput, Metric } from './criterion.js';
import { describeValue, isPromise, shapeOf } from './described-value.js';

/**
 * Wraps a criterion that may not have been type-checked, and checks what it builds and returns.
 * @param source the file that defines it, for messages
 */
export function checkedCriterion(definition: CriterionDefinition, source: string): CriterionDefinition {
  const where = `${source}: the criterion '${definition.name}'`;
  return {
    ...definition,
    build(options) {
      const criterion = checkBuilt(definition.build(options), where);
      return { ...criterion, source, forward: (input) => checkOutput(criterion.forward(input), where) };
    },
  };
}

function checkBuilt(criterion: Partial<Criterion> | undefined, where: string): Criterion {
  const { paddingRows, passes, forward } = criterion ?? {};
  if (typeof forward !== 'function') {
    throw new UserError(`${where}: build returns no forward function`, 'return { paddingRows, forward(input) { … } }');
  }
  if (paddingRows !== 'drop' && paddingRows !== 'keep') {
    throw new UserError(
      `${where}: paddingRows is ${String(paddingRows)}`,
      "use 'drop', or 'keep' if it scores padding",
    );
  }
  if (passes !== undefined && passes !== 1 && passes !== 2) {
    throw new UserError(`${where}: passes is ${String(passes)}`, 'use 1 or 2');
  }
  return { ...criterion, paddingRows, forward: forward.bind(criterion) };
}

function checkOutput(output: Partial<CriterionOutput> | undefined, where: string): CriterionOutput {
  if (isPromise(output)) {
    throw new UserError(`${where}: forward returns a promise`, 'make it synchronous: forward({ scores }) { … }');
  }
  const { loss, nll, metrics = {} } = output ?? {};
  checkScalar(loss, 'loss', where);
  checkScalar(nll, 'nll', where);
  for (const [name, figure] of Object.entries<Partial<Metric>>(metrics)) {
    checkScalar(figure?.sum, `metrics.${name}.sum`, where);
  }
  return output as CriterionOutput;
}

function checkScalar(value: unknown, name: string, where: string): void {
  if (shapeOf(value)?.length === 0) return;
  const remedy = 'return { loss, nll }, each a scalar that is the sum over the rows, e.g. tf.sum(rows)';
  throw new UserError(`${where}: ${name} is ${describeValue(value)}, not a scalar`, remedy);
}
