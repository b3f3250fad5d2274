import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { FolderLock } from '../../src/checkpoint/folder-lock.js';
import { UserError } from '../../src/errors.js';
import type { Provenance } from '../../src/experiments/provenance.js';
import { parseSweep } from '../../src/experiments/read-sweep.js';
import { type RunState, readState } from '../../src/experiments/run-state.js';
import type { SweepPlan } from '../../src/experiments/sweep-plan.js';
import { SweepProgress } from '../../src/experiments/sweep-progress.js';
import { type Launch, runSweep, type SweepEvent, type SweepSettings } from '../../src/experiments/sweep-queue.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
let sweeps = 0;

function plan(changes: Readonly<Record<string, unknown>> = {}): SweepPlan {
  const entries = {
    output: join(folder, `sweep${++sweeps}`),
    data: 'bin',
    train: { lr: 1e-3 },
    'average-checkpoints': { 'num-epoch-checkpoints': 2 },
    generate: { test: { beam: 5 } },
    grid: { criterion: { ce: {}, el: {} }, seed: [1, 2] },
    ...changes,
  };
  return parseSweep('sweep.yaml', new Map(Object.entries(entries)));
}

const COMMIT_A: Provenance = { version: '0.1.0', commit: 'a', node: 'v20', processor: 'x' };
const COMMIT_B: Provenance = { ...COMMIT_A, commit: 'b' };

/** A launch that notes the commands, and what came of them. */
function recorded(outcome: (command: string) => number | null = () => 0): { launch: Launch; commands: string[] } {
  const commands: string[] = [];
  const launch: Launch = async (argv, output) => {
    const run = /(ce|el),seed=\d/.exec(argv.join(' '))![0];
    commands.push(`${argv[0]} ${run}`);
    await setTimeout(1);
    writeSync(output, `ts-fairseq: what ${argv[0]} says\n`);
    return outcome(commands.at(-1)!);
  };
  return { launch, commands };
}

async function sweep(sweepPlan: SweepPlan, settings: Partial<SweepSettings>): Promise<SweepEvent[]> {
  const events: SweepEvent[] = [];
  await runSweep(sweepPlan, {
    jobs: 1,
    threads: 1,
    launch: recorded().launch,
    signal: new AbortController().signal,
    retryFailed: false,
    pause: 5,
    provenance: async () => COMMIT_A,
    collect: () => {},
    report: (event) => events.push(event),
    ...settings,
  });
  return events;
}

const statesOf = ({ output, runs }: SweepPlan): string[] => runs.map(({ name }) => readState(join(output, name)).state);

describe('a sweep', () => {
  it('trains, averages and translates every run once', async () => {
    const sweepPlan = plan();
    const { launch, commands } = recorded();
    await sweep(sweepPlan, { launch });
    const runs = ['ce,seed=1', 'ce,seed=2', 'el,seed=1', 'el,seed=2'];
    expect(commands).toEqual(runs.flatMap((run) => [`train ${run}`, `average-checkpoints ${run}`, `generate ${run}`]));
    expect(statesOf(sweepPlan)).toEqual(['done', 'done', 'done', 'done']);
    const again = recorded();
    await sweep(sweepPlan, { launch: again.launch });
    expect(again.commands).toEqual([]);
  });

  it('works at several runs at a time', async () => {
    let running = 0;
    let most = 0;
    const launch: Launch = async () => {
      most = Math.max(most, ++running);
      await setTimeout(5);
      running--;
      return 0;
    };
    await sweep(plan(), { launch, jobs: 3 });
    expect(most).toBe(3);
  });

  it('marks a run that fails with what its command said last, and goes on with the others', async () => {
    const sweepPlan = plan();
    const failing = recorded((command) => (command === 'generate ce,seed=2' ? 2 : 0));
    const events = await sweep(sweepPlan, { launch: failing.launch });
    expect(statesOf(sweepPlan)).toEqual(['done', 'failed', 'done', 'done']);
    expect(events.filter(({ kind }) => kind === 'failed')).toMatchObject([
      { error: 'generate test: what generate says' },
    ]);

    const skipping = recorded();
    await sweep(sweepPlan, { launch: skipping.launch });
    expect(skipping.commands).toEqual([]);
    const retrying = recorded();
    await sweep(sweepPlan, { launch: retrying.launch, retryFailed: true });
    expect(retrying.commands).toEqual(['generate ce,seed=2']);
    expect(statesOf(sweepPlan)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('marks a run as failed whose result cannot be gathered', async () => {
    const sweepPlan = plan();
    const collect = (): void => {
      throw new UserError('no translations', 'translate');
    };
    await sweep(sweepPlan, { collect });
    expect(statesOf(sweepPlan)).toEqual(['failed', 'failed', 'failed', 'failed']);
  });

  it('writes a result again that was deleted', async () => {
    const sweepPlan = plan();
    const collect = vi.fn((_: unknown, folder: string) => writeFileSync(join(folder, 'result.json'), '{}'));
    await sweep(sweepPlan, { collect });
    rmSync(join(sweepPlan.output, 'el,seed=1/result.json'));
    collect.mockClear();
    const { launch, commands } = recorded();
    await sweep(sweepPlan, { launch, collect });
    expect(commands).toEqual([]);
    expect(collect.mock.calls.map(([run]) => run)).toMatchObject([{ name: 'el,seed=1' }]);
  });

  it('records what trains a run when the training starts, also when another commit resumes it', async () => {
    const sweepPlan = plan({ grid: { criterion: { ce: {} }, seed: [1] } });
    const run = join(sweepPlan.output, 'ce,seed=1');
    const trainedBy: RunState['trainedBy'][] = [];
    const launch: Launch = async ([command]) => {
      trainedBy.push(readState(run).trainedBy);
      mkdirSync(join(run, 'checkpoints'), { recursive: true });
      if (trainedBy.length === 3) writeFileSync(join(run, 'checkpoints/checkpoint1.safetensors'), '');
      return command === 'train' && trainedBy.length < 5 ? 2 : 0;
    };
    // The first two attempts leave no checkpoint, so the third begins anew. The fourth and fifth resume it.
    for (const commit of [COMMIT_B, COMMIT_B, COMMIT_A, COMMIT_A, COMMIT_B]) {
      await sweep(sweepPlan, { launch, retryFailed: true, provenance: async () => commit });
    }
    const attempts = [[COMMIT_B], [COMMIT_B], [COMMIT_A], [COMMIT_A], [COMMIT_A, COMMIT_B]];
    expect(trainedBy.slice(0, 5)).toEqual(attempts);
    expect(readState(run)).toMatchObject({ state: 'done', trainedBy: [COMMIT_A, COMMIT_B] });
    // A translation with other options is not a training.
    const translating = {
      ...plan({ grid: { criterion: { ce: {} }, seed: [1] }, generate: { test: { beam: 4 } } }),
      output: sweepPlan.output,
    };
    await sweep(translating, { provenance: async () => ({ ...COMMIT_A, commit: 'c' }) });
    expect(readState(run).trainedBy).toEqual([COMMIT_A, COMMIT_B]);
  });

  describe('with results that were copied without their state', () => {
    const collect: SweepSettings['collect'] = ({ name, values, data, train, average, generate, analyze }, run) => {
      const options = { train, average, generate, analyze };
      const training = { epochs: [], position: 0, parameters: null, device: null };
      const [provenance, seconds, translations] = [COMMIT_A, {}, {}];
      const result = { name, values, data, options, provenance, seconds, training, translations };
      writeFileSync(join(run, 'result.json'), JSON.stringify(result));
    };

    /** A sweep of which the runs with seed 1 are there as results alone. */
    async function copied(): Promise<SweepPlan> {
      const first = plan();
      await sweep(first, { collect });
      for (const { name, values } of first.runs) {
        const run = join(first.output, name);
        if (values.seed === 'seed=1') rmSync(join(run, 'state.json'));
        else rmSync(run, { recursive: true });
      }
      return first;
    }

    it('trains only the other runs', async () => {
      const sweepPlan = await copied();
      expect(new SweepProgress(sweepPlan).summary()).toBe('2 of 4 runs done');
      const { launch, commands } = recorded();
      await sweep(sweepPlan, { launch, collect });
      expect(new Set(commands.map((command) => command.split(' ')[1]))).toEqual(new Set(['ce,seed=2', 'el,seed=2']));
    });

    it('refuses other options of the training', async () => {
      const changed = { ...plan({ train: { lr: 2e-3 } }), output: (await copied()).output };
      await expect(sweep(changed, { collect })).rejects.toThrow(
        'ce,seed=1 was trained with other options: lr was 0.001, is 0.002',
      );
    });

    it('repeats no training for another translation, and keeps the result if there is no checkpoint', async () => {
      const changed = { ...plan({ generate: { test: { beam: 4 } } }), output: (await copied()).output };
      const { launch, commands } = recorded((command) => (command.startsWith('generate ce,seed=1') ? 2 : 0));
      await sweep(changed, { launch, collect });
      expect(commands.filter((command) => command.endsWith('seed=1'))).toEqual([
        'generate ce,seed=1',
        'generate el,seed=1',
      ]);
      expect(statesOf(changed)).toEqual(['failed', 'done', 'done', 'done']);
      expect(readFileSync(join(changed.output, 'ce,seed=1/result.json'), 'utf8')).toContain('"beam":5');
    });
  });

  it('stops when asked to, and continues with the step that was stopped', async () => {
    const sweepPlan = plan();
    const controller = new AbortController();
    const stopped = recorded((command) => {
      if (command !== 'train ce,seed=2') return 0;
      controller.abort();
      return null; // ended by the signal
    });
    await sweep(sweepPlan, { launch: stopped.launch, signal: controller.signal });
    expect(stopped.commands.at(-1)).toBe('train ce,seed=2');
    expect(statesOf(sweepPlan)).toEqual(['done', 'waiting', 'waiting', 'waiting']);

    const continued = recorded();
    await sweep(sweepPlan, { launch: continued.launch });
    expect(continued.commands.slice(0, 2)).toEqual(['train ce,seed=2', 'average-checkpoints ce,seed=2']);
  });

  it('does not begin another step after it was stopped', async () => {
    const sweepPlan = plan();
    const controller = new AbortController();
    const stopped = recorded(() => {
      controller.abort();
      return 0; // this training ended by itself
    });
    await sweep(sweepPlan, { launch: stopped.launch, signal: controller.signal });
    expect(stopped.commands).toEqual(['train ce,seed=1']);
    const continued = recorded();
    await sweep(sweepPlan, { launch: continued.launch });
    expect(continued.commands[0]).toBe('average-checkpoints ce,seed=1');
  });

  it('shares its runs with other sweeps: each is done once, and all end when the last run has', async () => {
    const sweepPlan = plan();
    const { launch, commands } = recorded();
    await Promise.all([1, 2, 3].map(() => sweep(sweepPlan, { launch })));
    expect(commands).toHaveLength(12);
    expect(new Set(commands).size).toBe(12);
    expect(statesOf(sweepPlan)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('continues a run whose process was killed', async () => {
    const sweepPlan = plan();
    const killed = join(sweepPlan.output, 'ce,seed=1');
    await sweep(sweepPlan, { launch: recorded().launch });
    const state = readState(killed);
    writeFileSync(join(killed, 'state.json'), JSON.stringify({ ...state, state: 'running', finished: {} }));
    const { launch, commands } = recorded();
    await sweep(sweepPlan, { launch });
    expect(commands).toEqual(['train ce,seed=1', 'average-checkpoints ce,seed=1', 'generate ce,seed=1']);
  });

  it('waits for a training that outlived its sweep', async () => {
    const sweepPlan = plan();
    const checkpoints = join(sweepPlan.output, 'ce,seed=1', 'checkpoints');
    mkdirSync(checkpoints, { recursive: true });
    const lock = new FolderLock(checkpoints);
    const { launch, commands } = recorded();
    const done = sweep(sweepPlan, { launch });
    while (commands.length < 9) await setTimeout(5);
    await setTimeout(20);
    expect(commands.some((command) => command.includes('ce,seed=1'))).toBe(false);
    lock.release();
    const events = await done;
    expect(commands.slice(9)).toEqual(['train ce,seed=1', 'average-checkpoints ce,seed=1', 'generate ce,seed=1']);
    expect(events.filter(({ kind }) => kind === 'elsewhere')).toHaveLength(1);
  });

  it('repeats only the steps whose options changed', async () => {
    const first = plan();
    await sweep(first, {});
    const { launch, commands } = recorded();
    await sweep({ ...plan({ generate: { test: { beam: 4 } } }), output: first.output }, { launch });
    expect(new Set(commands.map((command) => command.split(' ')[0]))).toEqual(new Set(['generate']));
    const averaged = recorded();
    await sweep(
      { ...plan({ 'average-checkpoints': { 'num-epoch-checkpoints': 3 } }), output: first.output },
      { launch: averaged.launch },
    );
    expect(averaged.commands.slice(0, 2)).toEqual(['average-checkpoints ce,seed=1', 'generate ce,seed=1']);
  });

  it('refuses to continue a training with other options, before anything runs', async () => {
    const first = plan();
    await sweep(first, {});
    const { launch, commands } = recorded();
    const changed = { ...plan({ train: { lr: 2e-3, dropout: 0.1 } }), output: first.output };
    await expect(sweep(changed, { launch })).rejects.toThrow(
      'ce,seed=1 was trained with other options: lr was 0.001, is 0.002, dropout was not given, is 0.1',
    );
    expect(commands).toEqual([]);
  });

  it.each([
    ['failed before its first checkpoint', 2],
    ['was stopped before its first checkpoint', null],
  ])('trains with corrected options where the training %s', async (_, code) => {
    const first = plan();
    const controller = new AbortController();
    const launch: Launch = async (argv) => {
      writeFileSync(argv[argv.indexOf('--log-file') + 1]!, 'transformer: 99 parameters\n');
      if (code === null) controller.abort();
      return code;
    };
    await sweep(first, { launch, signal: controller.signal });
    const { launch: again, commands } = recorded();
    const corrected = { ...plan({ train: { lr: 2e-3 } }), output: first.output };
    await sweep(corrected, { launch: again, retryFailed: true });
    expect(commands[0]).toBe('train ce,seed=1');
    expect(statesOf(corrected)).toEqual(['done', 'done', 'done', 'done']);
    // The log is the new training's alone.
    expect(existsSync(join(first.output, 'ce,seed=1/train.log'))).toBe(false);
  });

  it('refuses to continue a failed training with other options once it has a checkpoint', async () => {
    const first = plan({ grid: { criterion: { el: {} }, seed: [1] } });
    await sweep(first, { launch: recorded(() => 2).launch });
    const checkpoints = join(first.output, 'el,seed=1/checkpoints');
    mkdirSync(checkpoints);
    writeFileSync(join(checkpoints, 'checkpoint1.safetensors'), '');
    const changed = {
      ...plan({ train: { lr: 2e-3 }, grid: { criterion: { el: {} }, seed: [1] } }),
      output: first.output,
    };
    await expect(sweep(changed, { retryFailed: true })).rejects.toThrow(
      'el,seed=1 was trained with other options: lr was 0.001, is 0.002',
    );
  });

  it('refuses other options when the training that it waited for has left checkpoints', async () => {
    const first = plan({ grid: { criterion: { ce: {} }, seed: [1] } });
    await sweep(first, { launch: recorded(() => 2).launch });
    const checkpoints = join(first.output, 'ce,seed=1/checkpoints');
    mkdirSync(checkpoints);
    const lock = new FolderLock(checkpoints);
    const changed = {
      ...plan({ train: { lr: 2e-3 }, grid: { criterion: { ce: {} }, seed: [1] } }),
      output: first.output,
    };
    const done = sweep(changed, { retryFailed: true });
    const refused = expect(done).rejects.toThrow('ce,seed=1 was trained with other options');
    await setTimeout(20);
    writeFileSync(join(checkpoints, 'checkpoint1.safetensors'), '');
    lock.release();
    await refused;
  });

  it('ends with the error of a full disk, and stops the other commands first', async () => {
    const sweepPlan = plan();
    let stopped = false;
    const launch: Launch = async (argv, _, signal) => {
      if (argv.join(' ').includes('seed=1')) {
        await setTimeout(10);
        throw new UserError('the disk is full', 'free some space');
      }
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      stopped = true;
      return null;
    };
    await expect(sweep(sweepPlan, { launch, jobs: 2 })).rejects.toThrow('the disk is full');
    expect(stopped).toBe(true);
    expect(readFileSync(join(sweepPlan.output, 'ce,seed=2', 'state.json'), 'utf8').split('\n')).toHaveLength(2);
    expect(existsSync(join(sweepPlan.output, 'el,seed=1'))).toBe(false);
  });
});
