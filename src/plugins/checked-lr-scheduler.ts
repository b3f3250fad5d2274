import { UserError } from '../errors.js';
import { describeValue, isPromise } from './described-value.js';
import type { LrScheduler, LrSchedulerDefinition, SchedulePosition, ScheduleState } from './lr-scheduler.js';

/**
 * Wraps a schedule that may not have been type-checked, and checks what it builds and returns.
 * @param source the file that defines it, for messages
 */
export function checkedLrScheduler(definition: LrSchedulerDefinition, source: string): LrSchedulerDefinition {
  const where = `${source}: the lr-scheduler '${definition.name}'`;
  return {
    ...definition,
    build: (options, learningRates, context) =>
      delegate(checkBuilt(definition.build(options, learningRates, context), where), where),
  };
}

function checkBuilt(schedule: Partial<LrScheduler> | undefined, where: string): LrScheduler {
  if (isPromise(schedule)) {
    throw new UserError(`${where}: build returns a promise`, 'make it synchronous');
  }
  const { learningRate, endEpoch } = schedule ?? {};
  if (typeof learningRate !== 'function') {
    throw new UserError(
      `${where}: build returns no learningRate function`,
      'return { learningRate({ updates, epoch }) { … } }',
    );
  }
  if (endEpoch !== undefined && typeof endEpoch !== 'function') {
    throw new UserError(
      `${where}: endEpoch is ${describeValue(endEpoch)}`,
      'make it a function endEpoch(position, value), or leave it out',
    );
  }
  return schedule as LrScheduler;
}

/** Checks what a schedule returns. Its methods keep their `this`. */
function delegate(schedule: LrScheduler, where: string): LrScheduler {
  const checked: LrScheduler = {
    learningRate: (position) => checkRate(schedule.learningRate(position), position, where),
    endEpoch: (position, value) => schedule.endEpoch?.(position, value),
  };
  if (schedule.state === undefined) return checked;
  return Object.defineProperty(checked, 'state', {
    enumerable: true,
    get: () => checkState(schedule.state, where),
    set(state: ScheduleState) {
      schedule.state = state;
    },
  });
}

function checkRate(rate: unknown, { updates, epoch }: SchedulePosition, where: string): number {
  if (typeof rate === 'number' && Number.isFinite(rate) && rate >= 0) return rate;
  const what = typeof rate === 'number' ? String(rate) : describeValue(rate);
  throw new UserError(
    `${where}: learningRate is ${what} after ${updates} updates (epoch ${epoch})`,
    'return a finite number that is at least 0',
  );
}

function checkState(state: unknown, where: string): ScheduleState {
  if (typeof state !== 'object' || state === null || isPromise(state)) {
    throw new UserError(`${where}: state is ${describeValue(state)}`, 'make it an object of numbers');
  }
  for (const [key, value] of Object.entries(state)) {
    if (value === null || (typeof value === 'number' && Number.isFinite(value))) continue;
    throw new UserError(
      `${where}: state.${key} is ${describeValue(value)}`,
      'a checkpoint stores only finite numbers and null; leave other values out of the state',
    );
  }
  return state as ScheduleState;
}
