import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import { readLines } from '../text/lines.js';
import { runFiles } from './run-steps.js';
import { stateOfRun } from './state-of-run.js';
import { optionOf, type RunPlan, type SweepPlan } from './sweep-plan.js';
import { parseTrainingLog } from './training-log.js';

/** Milliseconds between two looks at the logs of the runs. */
const REFRESH = 10_000;

/** The runs of a sweep by their state. */
export interface RunCounts {
  readonly done: readonly RunPlan[];
  readonly running: readonly RunPlan[];
  readonly failed: readonly RunPlan[];
  readonly waiting: readonly RunPlan[];
}

/** How far a sweep has come, from the files of its runs, whichever process works at them. */
export class SweepProgress {
  readonly #started = performance.now();
  readonly #workAtStart: number;

  constructor(readonly plan: SweepPlan) {
    this.#workAtStart = this.#work();
  }

  /** Updates the progress bar from time to time. @returns the function that ends it */
  start(): () => void {
    const update = (): void => {
      const counts = this.count();
      const position = counts.done.length + counts.failed.length;
      if (position >= this.plan.runs.length) return;
      const stats = [
        ['running', counts.running.length],
        ['failed', counts.failed.length],
        ['left', this.#timeLeft(counts) ?? '?'],
      ] as const;
      log.info('progress', { label: 'sweep', position, total: this.plan.runs.length, stats });
    };
    const timer = setInterval(update, REFRESH);
    timer.unref();
    return () => clearInterval(timer);
  }

  count(): RunCounts {
    const counts = {
      done: [] as RunPlan[],
      running: [] as RunPlan[],
      failed: [] as RunPlan[],
      waiting: [] as RunPlan[],
    };
    for (const run of this.plan.runs) counts[stateOfRun(join(this.plan.output, run.name)).state].push(run);
    return counts;
  }

  /** `3 of 40 runs done, 1 failed, 9 h 20 min left` */
  summary(): string {
    const counts = this.count();
    const { done, failed } = counts;
    const left = done.length + failed.length < this.plan.runs.length ? this.#timeLeft(counts) : null;
    return [
      `${done.length} of ${this.plan.runs.length} runs done`,
      ...(failed.length > 0 ? [`${failed.length} failed`] : []),
      ...(left === null ? [] : [`${left} left`]),
    ].join(', ');
  }

  /** The rest at the speed since the start; null before anything has progressed. */
  #timeLeft(counts: RunCounts): string | null {
    const work = this.#work(counts);
    const progressed = work - this.#workAtStart;
    if (progressed <= 0) return null;
    const seconds = (performance.now() - this.#started) / 1000;
    return formatDuration(((this.plan.runs.length - work) / progressed) * seconds);
  }

  /** Runs ended, with the completed parts of trainings. */
  #work({ done, failed, running, waiting } = this.count()): number {
    const parts = [...running, ...waiting].map((run) => this.#fraction(run));
    return parts.reduce((sum, part) => sum + part, done.length + failed.length);
  }

  /** The completed part of a run's training. */
  #fraction(run: RunPlan): number {
    const path = runFiles.trainingLog(join(this.plan.output, run.name));
    if (!existsSync(path)) return 0;
    const { position, updates } = parseTrainingLog(readableLines(path));
    const part = (done: number, limit: string): number => {
      const all = Number(optionOf(run.train, limit) ?? 0);
      return all > 0 ? done / all : 0; // 0: no limit
    };
    return Math.min(1, Math.max(part(position, 'max-epoch'), part(updates, 'max-update')));
  }
}

/** The lines of a log that a training is writing, up to one that ends in the middle of a character. */
function* readableLines(path: string): Generator<string> {
  try {
    yield* readLines(path);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

/** `9 h 20 min`, `12 min`, `40 s` */
export function formatDuration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
