import { existsSync } from 'node:fs';
import { readResult } from './run-result.js';
import { type RunState, readState, stepsLeft } from './run-state.js';
import { runFiles, type Step, stepsOf } from './run-steps.js';

/**
 * How far a run has come by its `state.json`, or without one by its `result.json`: results that were copied from another
 * machine count as done.
 * @throws UserError if the file is damaged
 */
export function stateOfRun(folder: string): RunState {
  const isCopied = !existsSync(runFiles.state(folder)) && existsSync(runFiles.result(folder));
  return isCopied ? stateOfResult(folder) : readState(folder);
}

/** Whether nothing is left to do for a run. */
export const isDone = (folder: string, steps: readonly Step[], state = stateOfRun(folder)): boolean =>
  state.state === 'done' && existsSync(runFiles.result(folder)) && stepsLeft(steps, state).length === 0;

function stateOfResult(folder: string): RunState {
  const { options, provenance, resumedBy, seconds, ...run } = readResult(folder);
  const steps = stepsOf({ ...run, ...options, detokenize: null }, folder, 1);
  return {
    state: 'done',
    training: steps[0]!.signature,
    trainedBy: [provenance, ...resumedBy],
    finished: Object.fromEntries(
      steps.map(({ name, signature }) => [name, { signature, seconds: seconds[name] ?? 0 }]),
    ),
  };
}
