import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FolderLock, isFolderHeld } from '../checkpoint/folder-lock.js';
import { UserError } from '../errors.js';
import { writeDescription } from './description-file.js';
import type { Provenance } from './provenance.js';
import { checkUnchanged, type RunState, stepsLeft, withTraining, writeState } from './run-state.js';
import { runFiles, type Step, stepsOf } from './run-steps.js';
import { isDone, stateOfRun } from './state-of-run.js';
import type { RunPlan, SweepPlan } from './sweep-plan.js';

/** Runs `ts-fairseq` with these arguments. @returns its exit code, or null if a signal ended it */
export type Launch = (argv: readonly string[], output: number, signal: AbortSignal) => Promise<number | null>;

/** How `runSweep` works. */
export interface SweepSettings {
  /** Runs at a time in this process. */
  readonly jobs: number;
  readonly threads: number; // per run
  /** Starts a command whose stdout and stderr go to the open file `output`. `signal` asks it to stop. */
  readonly launch: Launch;
  readonly signal: AbortSignal;
  /** Try the runs again that failed before. */
  readonly retryFailed: boolean;
  /** Milliseconds between two looks at the runs of other processes. */
  readonly pause?: number;
  /** What trains a run that starts now. */
  readonly provenance: () => Promise<Provenance>;
  /** Collects the result of a run whose steps are done. */
  readonly collect: (run: RunPlan, folder: string, state: RunState) => void;
  readonly report: (event: SweepEvent) => void;
}

/** What happens in a sweep. */
export type SweepEvent =
  | { readonly kind: 'step'; readonly run: RunPlan; readonly step: Step }
  | { readonly kind: 'done'; readonly run: RunPlan; readonly seconds: number }
  | { readonly kind: 'failed'; readonly run: RunPlan; readonly error: string }
  | { readonly kind: 'elsewhere'; readonly runs: readonly RunPlan[] };

/**
 * Works through the runs of a sweep until each is done or has failed. Several processes can share the work: a
 * process locks the folder of the run that it takes, and waits for the others when no run is left. If a process is killed,
 * the next one continues its run; training resumes exactly.
 *
 * If only the sweep was killed, its trainings still run; the next sweep waits for them to end.
 */
export async function runSweep(plan: SweepPlan, settings: SweepSettings): Promise<void> {
  for (const run of plan.runs) {
    const folder = join(plan.output, run.name);
    checkUnchanged(folder, stepsOf(run, folder, settings.threads), stateOfRun(folder));
  }
  writeDescription(plan);
  // If one worker fails, e.g. because the disk is full, the commands of the others stop too.
  const controller = new AbortController();
  const signal = AbortSignal.any([settings.signal, controller.signal]);
  const queue = new SweepQueue(plan, { ...settings, signal });
  const workers = Array.from({ length: settings.jobs }, () => queue.work());
  for (const worker of workers) worker.catch((error: unknown) => controller.abort(error));
  const outcomes = await Promise.allSettled(workers);
  const rejected = outcomes.find((outcome) => outcome.status === 'rejected');
  if (rejected !== undefined) throw rejected.reason;
}

class SweepQueue {
  /** Runs that this process works at or has ended, by name. */
  readonly #taken = new Set<string>();
  #reported = '';
  #active = 0;

  constructor(
    readonly plan: SweepPlan,
    readonly settings: SweepSettings,
  ) {}

  /** Takes one run after another. */
  async work(): Promise<void> {
    const { signal, pause = 2000 } = this.settings;
    while (!signal.aborted) {
      const { next, elsewhere } = this.#take();
      if (next !== null) {
        this.#active++;
        await this.#complete(next.run, next.folder, next.lock).finally(() => this.#active--);
      } else if (elsewhere.length > 0) {
        this.#reportElsewhere(elsewhere);
        await setTimeout(pause, undefined, { signal }).catch(() => {});
      } else {
        return;
      }
    }
  }

  /** The first run that is free, locked; or the runs that other processes work at. */
  #take(): { next: { run: RunPlan; folder: string; lock: FolderLock } | null; elsewhere: RunPlan[] } {
    const elsewhere: RunPlan[] = [];
    for (const run of this.plan.runs) {
      const folder = join(this.plan.output, run.name);
      if (this.#taken.has(run.name) || !this.#isOpen(run, folder)) continue;
      const lock = FolderLock.takeIfFree(folder);
      if (lock === null || isFolderHeld(runFiles.checkpoints(folder))) {
        lock?.release();
        elsewhere.push(run);
      } else if (this.#isOpen(run, folder)) {
        this.#taken.add(run.name);
        return { next: { run, folder, lock }, elsewhere };
      } else {
        lock.release(); // another process ended it just before
      }
    }
    return { next: null, elsewhere };
  }

  /** Says which runs other processes work at, once per change. */
  #reportElsewhere(runs: readonly RunPlan[]): void {
    const names = runs.map(({ name }) => name).join(' ');
    if (names === this.#reported || this.#active > 0) return;
    this.#reported = names;
    this.settings.report({ kind: 'elsewhere', runs });
  }

  #isOpen(run: RunPlan, folder: string): boolean {
    const state = stateOfRun(folder);
    if (state.state === 'failed') return this.settings.retryFailed;
    return !isDone(folder, stepsOf(run, folder, this.settings.threads), state);
  }

  async #complete(run: RunPlan, folder: string, lock: FolderLock): Promise<void> {
    const { report, collect } = this.settings;
    try {
      let state = await this.#runSteps(run, folder, lock);
      if (state.state === 'done') {
        try {
          collect(run, folder, state);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          state = failed(state, error.message);
        }
      }
      writeState(folder, state);
      if (state.state === 'done') report({ kind: 'done', run, seconds: secondsOf(state) });
      if (state.state === 'failed') report({ kind: 'failed', run, error: state.error! });
    } finally {
      lock.release();
    }
  }

  /** @returns the state after the last step, after one that failed, or when the sweep is stopped */
  async #runSteps(run: RunPlan, folder: string, lock: FolderLock): Promise<RunState> {
    const { report, signal, threads } = this.settings;
    const steps = stepsOf(run, folder, threads);
    const { error: _, ...before } = stateOfRun(folder);
    let state: RunState = { ...before, state: 'running' };
    checkUnchanged(folder, steps, state); // another process may have trained it in the meantime
    for (const step of stepsLeft(steps, state)) {
      if (signal.aborted) return { ...state, state: 'waiting' };
      if (step.name === 'train') {
        // What is there is the log of a training with other options that came to nothing.
        const { training } = before;
        if (training !== null && training !== step.signature) rmSync(runFiles.trainingLog(folder), { force: true });
        state = withTraining(state, folder, step.signature, await this.settings.provenance());
      }
      writeState(folder, state);
      report({ kind: 'step', run, step });
      const started = performance.now();
      const error = await this.#execute(folder, step);
      lock.keep();
      if (error !== null) {
        return signal.aborted ? { ...state, state: 'waiting' } : failed(state, `${step.name}: ${error}`);
      }
      const seconds = (performance.now() - started) / 1000;
      state = { ...state, finished: { ...state.finished, [step.name]: { signature: step.signature, seconds } } };
    }
    return { ...state, state: 'done' };
  }

  /** @returns what the command said last if it failed */
  async #execute(folder: string, { argv }: Step): Promise<string | null> {
    const path = runFiles.output(folder);
    const output = openSync(path, 'a');
    try {
      const code = await this.settings.launch(argv, output, this.settings.signal);
      if (code === 0) return null;
      return lastLine(path) ?? (code === null ? 'killed' : `exit code ${code}`);
    } finally {
      closeSync(output);
    }
  }
}

const failed = (state: RunState, error: string): RunState => ({ ...state, state: 'failed', error });

const secondsOf = ({ finished }: RunState): number =>
  Object.values(finished).reduce((sum, { seconds }) => sum + seconds, 0);

const TAIL_BYTES = 4096;

/** The last line of a file that is not blank, without the command's name. */
function lastLine(path: string): string | null {
  const file = openSync(path, 'r');
  try {
    const tail = Buffer.alloc(TAIL_BYTES);
    const start = Math.max(0, fstatSync(file).size - TAIL_BYTES);
    const text = tail.toString('utf8', 0, readSync(file, tail, 0, TAIL_BYTES, start));
    return (
      text
        .trimEnd()
        .split('\n')
        .at(-1)
        ?.replace(/^ts-fairseq: /, '') || null
    );
  } finally {
    closeSync(file);
  }
}
