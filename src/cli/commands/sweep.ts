import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isFolder } from '../../checkpoint/checkpoint-path.js';
import { UserError } from '../../errors.js';
import { parseSweep } from '../../experiments/read-sweep.js';
import { collectResult } from '../../experiments/run-result.js';
import { stepsOf } from '../../experiments/run-steps.js';
import { isDone } from '../../experiments/state-of-run.js';
import type { RunPlan, SweepPlan } from '../../experiments/sweep-plan.js';
import { SweepProgress } from '../../experiments/sweep-progress.js';
import { type Launch, runSweep, type SweepEvent } from '../../experiments/sweep-queue.js';
import { log } from '../../log.js';
import { defineOptions } from '../../options/schema.js';
import { startCommand } from '../child-process.js';
import { type CommandDefinition, defineCommand, runCommand } from '../command.js';
import { untilInterrupted } from '../interruption.js';
import { readConfigFile } from '../options/config-file.js';
import { logOptions, startLog } from '../output/log-sink.js';
import { shellLine } from '../output/shell-line.js';
import { provenance } from '../provenance.js';

const options = {
  ...defineOptions({
    jobs: {
      kind: 'int',
      default: 1,
      min: 1,
      metavar: 'N',
      help: 'runs at a time; several processes can also share a sweep',
    },
    threads: {
      kind: 'int',
      default: null,
      min: 1,
      metavar: 'N',
      help: 'threads of each run (default: the number of processors divided by --jobs)',
    },
    dryRun: { kind: 'boolean', default: false, help: 'print the commands and run nothing' },
    retryFailed: { kind: 'boolean', default: false, help: 'retry failed runs' },
  }),
  noProgressBar: { ...logOptions.noProgressBar, group: undefined },
} as const;

export const sweepCommand = defineCommand({
  name: 'sweep',
  description:
    'Trains a model for every combination of a grid of options, averages its checkpoints, translates with it and analyzes it. Run the same command again to continue a sweep that was stopped or killed: finished runs are skipped, and training resumes exactly where it stopped.',
  arguments: [{ name: 'file', help: 'YAML file with the options of the runs and the grid; see examples/sweeps' }],
  options,
  examples: [
    'ts-fairseq sweep examples/sweeps/multi30k.yaml --dry-run',
    'ts-fairseq sweep examples/sweeps/multi30k.yaml --jobs 2 --threads 1',
    'ts-fairseq report runs/multi30k --output report.html',
  ],
  async run({ args, options }) {
    const { path, entries } = await readConfigFile(args[0]!);
    const plan = parseSweep(path, entries);
    const threads = options.threads ?? Math.max(1, Math.floor(availableParallelism() / options.jobs));
    await checkCommands(path, plan, threads);
    if (options.dryRun) {
      process.stdout.write(commandLines(plan, threads).join(''));
      return;
    }
    checkData(path, plan, threads);
    const stopLog = startLog({ noProgressBar: options.noProgressBar });
    try {
      await untilInterrupted(
        (signal) => work(plan, threads, options, signal),
        'stopping; the runs save their state first, and the same command continues them',
      );
    } finally {
      stopLog();
    }
  },
});

/** The commands of a run, loaded when their command lines are read. */
const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  train: async () => (await import('./train.js')).trainCommand,
  'average-checkpoints': async () => (await import('./average-checkpoints.js')).averageCheckpointsCommand,
  generate: async () => (await import('./generate.js')).generateCommand,
  analyze: async () => (await import('./analyze.js')).analyzeCommand,
};

/** Reads every command line of a sweep, so that a mistake in the last run shows before the first one starts. */
async function checkCommands(path: string, plan: SweepPlan, threads: number): Promise<void> {
  for (const run of plan.runs) {
    for (const { name, argv } of stepsOf(run, join(plan.output, run.name), threads)) {
      const definition = (await COMMANDS[argv[0]!]!()) as CommandDefinition;
      try {
        await runCommand({ ...definition, run: async () => {} }, argv.slice(1));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        throw new UserError(`${path}: run ${run.name}: ${name}: ${error.problem}`, error.remedy, { cause: error });
      }
    }
  }
}

/** @throws UserError if the data of a run that is left to do are not there */
function checkData(path: string, { output, runs }: SweepPlan, threads: number): void {
  for (const run of runs) {
    const folder = join(output, run.name);
    const missing = run.data.split(':').find((data) => !isFolder(data));
    if (missing === undefined || isDone(folder, stepsOf(run, folder, threads))) continue;
    throw new UserError(
      `${path}: run ${run.name}: the data folder ${missing} does not exist`,
      'make it with ts-fairseq preprocess, or correct data',
    );
  }
}

const commandLines = (plan: SweepPlan, threads: number): string[] =>
  plan.runs.flatMap((run) => [
    `# ${run.name}\n`,
    ...stepsOf(run, join(plan.output, run.name), threads).map(({ argv }) => `${shellLine(['ts-fairseq', ...argv])}\n`),
  ]);

async function work(
  plan: SweepPlan,
  threads: number,
  { jobs, retryFailed }: { readonly jobs: number; readonly retryFailed: boolean },
  signal: AbortSignal,
): Promise<void> {
  const origin = await provenance();
  const progress = new SweepProgress(plan);
  const stopProgress = progress.start();
  try {
    await runSweep(plan, {
      jobs,
      threads,
      retryFailed,
      signal,
      launch,
      provenance,
      collect: (run, folder, state) => collectResult(run, folder, state, origin),
      report: (event) => log.message(describe(event, progress)),
    });
  } finally {
    stopProgress();
  }
  const { failed } = progress.count();
  if (!signal.aborted && failed.length > 0) {
    throw new UserError(
      `${failed.length} of ${plan.runs.length} runs failed: ${failed.map(({ name }) => name).join(' ')}`,
      'fix the errors in their output.txt, then run the command again with --retry-failed',
    );
  }
}

function describe(event: SweepEvent, progress: SweepProgress): string {
  switch (event.kind) {
    case 'step':
      return `${event.run.name}: ${event.step.name}`;
    case 'done':
      return `${event.run.name}: done; ${progress.summary()}`;
    case 'failed':
      return `${event.run.name}: failed: ${event.error}; ${progress.summary()}`;
    case 'elsewhere':
      return `waiting for other processes: ${namesOf(event.runs)}`;
  }
}

const namesOf = (runs: readonly RunPlan[]): string => runs.map(({ name }) => name).join(' ');

/** Runs `ts-fairseq` in a session of its own: a terminal's Ctrl-C reaches it once, through `signal`. */
const launch: Launch = async (argv, output, signal) => {
  const child = startCommand(argv, output);
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  } finally {
    signal.removeEventListener('abort', stop);
  }
};
