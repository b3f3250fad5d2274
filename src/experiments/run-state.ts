import { existsSync } from 'node:fs';
import * as v from 'valibot';
import { writeAtomically } from '../checkpoint/atomic-file.js';
import { listCheckpoints } from '../checkpoint/checkpoint-path.js';
import { UserError } from '../errors.js';
import { readJson, recordOf } from './json-file.js';
import { isSameProvenance, type Provenance, provenanceSchema } from './provenance.js';
import { runFiles, type Step } from './run-steps.js';

/** How far a run of a sweep has come: the one line of its `state.json`. */
export interface RunState {
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  /** The signature of its training once that has begun. */
  readonly training: string | null;
  /** What trained it, in order: what began and what resumed its training. Earlier versions do not record it. */
  readonly trainedBy?: readonly Provenance[];
  /** The finished steps, by name. */
  readonly finished: Readonly<Record<string, FinishedStep>>;
  /** What the failed command said last. */
  readonly error?: string;
}

/** A step that ended well. */
export interface FinishedStep {
  readonly signature: string;
  readonly seconds: number; // of the attempt that finished
}

const FRESH: RunState = { state: 'waiting', training: null, finished: {} };

/** Whether a text is the signature of a training. */
function isSignature(text: string): boolean {
  try {
    return v.is(v.strictTuple([v.string(), recordOf(v.unknown())]), JSON.parse(text));
  } catch {
    return false;
  }
}

const schema: v.GenericSchema<unknown, RunState> = v.object({
  state: v.picklist(['waiting', 'running', 'done', 'failed']),
  training: v.nullable(v.pipe(v.string(), v.check(isSignature, 'not the data and options of a training'))),
  trainedBy: v.optional(v.array(provenanceSchema)),
  finished: recordOf(v.object({ signature: v.string(), seconds: v.number() })),
  error: v.optional(v.string()),
});

/** @throws UserError if the file is damaged */
export function readState(folder: string): RunState {
  const path = runFiles.state(folder);
  if (!existsSync(path)) return FRESH;
  return readJson(path, schema, "delete it: the run's commands then continue from their checkpoints");
}

/** Replaces the `state.json` of a run. */
export function writeState(folder: string, state: RunState): void {
  writeAtomically(runFiles.state(folder), [Buffer.from(`${JSON.stringify(state)}\n`)]);
}

/** The steps that are not finished, or were finished with other options. */
export function stepsLeft(steps: readonly Step[], { finished }: RunState): readonly Step[] {
  return steps.filter(({ name, signature }) => finished[name]?.signature !== signature);
}

/**
 * A model that was trained with other options is never taken for the one that the sweep asks for. A training that ended
 * before its first checkpoint leaves nothing that could be.
 * @throws UserError if there are checkpoints of a training with other options
 */
export function checkUnchanged(folder: string, steps: readonly Step[], { training, finished }: RunState): void {
  const now = steps[0]!.signature;
  if (training === null || training === now) return;
  if (finished.train === undefined && !hasCheckpoints(folder)) return;
  throw new UserError(
    `${folder} was trained with other options: ${difference(training, now)}`,
    'choose another output for the sweep, or delete the folder',
  );
}

const hasCheckpoints = (folder: string): boolean => listCheckpoints(runFiles.checkpoints(folder)).length > 0;

/** The state of a run whose training begins, or is resumed from its checkpoints. */
export function withTraining(state: RunState, folder: string, signature: string, trainer: Provenance): RunState {
  const earlier = hasCheckpoints(folder) ? (state.trainedBy ?? []) : [];
  const last = earlier.at(-1);
  const isNew = last === undefined || !isSameProvenance(last, trainer);
  return { ...state, training: signature, trainedBy: isNew ? [...earlier, trainer] : earlier };
}

/** `lr was 0.005, is 0.01` */
function difference(earlier: string, now: string): string {
  const [dataBefore, before] = JSON.parse(earlier) as [string, Record<string, unknown>];
  const [dataNow, after] = JSON.parse(now) as [string, Record<string, unknown>];
  const told = (value: unknown): string => (value === undefined ? 'not given' : JSON.stringify(value));
  const changed = [
    ['data', dataBefore, dataNow] as const,
    ...[...new Set([...Object.keys(before), ...Object.keys(after)])].map(
      (name) => [name, before[name], after[name]] as const,
    ),
  ].filter(([, was, is]) => JSON.stringify(was) !== JSON.stringify(is));
  return changed.map(([name, was, is]) => `${name} was ${told(was)}, is ${told(is)}`).join(', ');
}
