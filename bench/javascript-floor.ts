/**
 * How long does JavaScript take for an update? The CUDA backend runs on the emulated driver, whose kernels do nothing: what
 * remains is TensorFlow.js, the host side of the backend, and the toolkit.
 */

import { spawnSync } from 'node:child_process';
import * as tf from '@tensorflow/tfjs';
import type { CudaBackend } from 'tfjs-backend-cuda';
import { main } from '../src/cli/main.js';
import { isStatsEvent } from '../src/cli/output/event-kinds.js';
import { log } from '../src/log.js';
import { type Part, type Shares, startCpuProfile, timeByPart } from './harness/cpu-profile.js';
import { modelSize } from './harness/model-size.js';
import { benchmarkOptions } from './harness/options.js';
import { inRepository, requireData } from './harness/paths.js';
import { median, percent, progress, publish } from './harness/report.js';

const options = benchmarkOptions({
  model: { type: 'string', default: 'iwslt' },
  updates: { type: 'string' },
  warmup: { type: 'string' },
  'max-tokens': { type: 'string', default: '4096' },
});
const warmup = Number(options.warmup ?? (options.short ? 20 : 100)); // V8 compiles functions that run often
const updates = Number(options.updates ?? (options.short ? 20 : 100));
const model = modelSize(options.model);

const PARTS: readonly Part[] = [
  { name: 'TensorFlow.js', pattern: /@tensorflow/ },
  { name: 'garbage collection', pattern: /^\(garbage collector\)$/ },
  { name: 'pool of device memory', pattern: /tfjs-backend-cuda\/dist\/(pool|slab)\.js/ },
  { name: 'backend, without its pool', pattern: /tfjs-backend-cuda/ },
  { name: 'ts-fairseq', pattern: /\/dist\/(src|models|criterions|bench)\// },
];
const REST = 'native code, Node';

/** What this process has created, started and used so far. */
interface Counts {
  readonly tensors: number;
  readonly clones: number; // by tf.clone, and by tfjs to save tensors for gradients
  readonly launches: number;
  readonly copies: number; // between host and device
  readonly processorTime: number; // of all threads, milliseconds
}

function countsNow(): Counts {
  const { launches, uploads, downloads, borrowed } = (tf.backend() as unknown as CudaBackend).statistics;
  const next = tf.scalar(0); // tensors are numbered
  next.dispose();
  const { user, system } = process.cpuUsage();
  return {
    ...{ tensors: next.id, clones: borrowed.get('Identity') ?? 0, launches, copies: uploads + downloads },
    processorTime: (user + system) / 1000,
  };
}

/** The updates without V8's profiler. */
interface Timed {
  readonly milliseconds: number; // of an update, median
  readonly before: Counts;
  readonly after: Counts;
}

function report({ milliseconds, before, after }: Timed, shares: Shares): void {
  const profiled = [...shares.values()].reduce((sum, part) => sum + part, 0);
  const perUpdate = (name: keyof Counts): number => (after[name] - before[name]) / updates;
  const whole = (name: keyof Counts): string => perUpdate(name).toFixed(0);
  const row = (part: string, time: number, share = Number.NaN) => ({ part, milliseconds: time, share });
  publish(
    {
      benchmark: 'javascript-floor',
      note: `updates of ${model.name} whose kernels do nothing; ${options.data}, --max-tokens ${options['max-tokens']}`,
      columns: [
        { heading: 'part', value: ({ part }) => part },
        { heading: 'ms per update', value: ({ milliseconds: time }) => time, digits: 2 },
        { heading: 'share', value: ({ share }) => percent(share) },
      ],
      rows: [
        ...[...shares].map(([part, time]) => row(part, time / updates, time / profiled)),
        row("all, under V8's profiler", profiled / updates, 1),
        row('all, without it (median)', milliseconds),
        row('processor time, without it', perUpdate('processorTime')),
      ],
      remarks: [
        `an update creates ${whole('tensors')} tensors, ${whole('clones')} of them clones; it launches ${whole('launches')} kernels ` +
          `and copies ${whole('copies')} times between host and device`,
      ],
      details: {
        counts: Object.fromEntries((Object.keys(after) as (keyof Counts)[]).map((name) => [name, perUpdate(name)])),
      },
    },
    options,
  );
}

/** Returns what to call after each update: it times the first ones after the warm-up, and profiles as many after them. */
function observer(): () => void {
  const times: number[] = [];
  let [update, start] = [0, 0];
  let before: Counts | null = null;
  let timed: Timed | null = null;
  let stopProfile: ReturnType<typeof startCpuProfile> | null = null;
  return () => {
    update += 1;
    if (update > warmup && timed === null) times.push(performance.now() - start);
    if (update === warmup) before = countsNow();
    if (update === warmup + updates) {
      timed = { milliseconds: median(times), before: before!, after: countsNow() };
      stopProfile = startCpuProfile();
    }
    if (update === warmup + 2 * updates) report(timed!, timeByPart(stopProfile!(), PARTS, REST));
    start = performance.now();
  };
}

const data = requireData(options.data);
progress('compiling the kernels for the emulated driver');
const script = inRepository('packages/tfjs-backend-cuda/scripts/build-emulation.js');
if (spawnSync(process.execPath, [script], { stdio: 'inherit' }).status !== 0) process.exit(1);
Object.assign(process.env, {
  TFJS_CUDA_DRIVER: 'emulated',
  EMULATED_CUDA_KERNELS: 'skip',
  EMULATED_CUDA_MEMORY: String(2 ** 36), // of address space
});
progress(`${warmup} updates to warm up, then twice ${updates}`);
const endOfUpdate = observer();
log.attach((event) => {
  if (event.kind === 'train_inner' && isStatsEvent(event)) endOfUpdate();
});
const recipe = [
  ...['--criterion', 'label_smoothed_cross_entropy', '--label-smoothing', '0.1', '--dropout', '0.3'],
  ...['--optimizer', 'adam', '--clip-norm', '1', '--lr', '1e-4', '--max-tokens', options['max-tokens']],
  ...['--max-update', String(warmup + 2 * updates), '--seed', '1', '--device', 'cuda', '--no-save'],
  // At the end of an epoch, weights would be copied to the host.
  ...['--disable-validation', '--save-interval', '1000000', '--log-format', 'none', '--log-interval', '1'],
];
process.exitCode = await main(['train', data, ...model.flags, ...recipe]);
