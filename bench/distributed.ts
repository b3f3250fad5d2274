/** Two processes with one thread each against one process with two threads, and a prediction for more of them. */
import { type LoggedUpdate, loggedTraining, type TrainingLog } from './harness/logged-updates.js';
import { modelSize } from './harness/model-size.js';
import { MPIRUN_ENVIRONMENT } from './harness/mpirun.js';
import { benchmarkOptions } from './harness/options.js';
import { inRepository } from './harness/paths.js';
import { median, percent, progress, publish } from './harness/report.js';

const options = benchmarkOptions({
  model: { type: 'string', default: 'small' },
  'max-tokens': { type: 'string', default: '2048' }, // of one process
  updates: { type: 'string' },
  rounds: { type: 'string' }, // 0: only predict
  gigabits: { type: 'string', default: '10,100' }, // per second, for the prediction
  /** Flags of mpirun, e.g. `--mca btl tcp,self`, and the bandwidth of that transport, for the prediction of two processes. */
  mpirun: { type: 'string', default: '' },
  bandwidth: { type: 'string', default: '2.5' }, // GB/s in each direction
  latency: { type: 'string', default: '100' }, // us of a collective
});
const RANKS = 2;
const WARMUP = 4;
const updates = Number(options.updates ?? (options.short ? 6 : 24)) + WARMUP;
const rounds = Number(options.rounds ?? (options.short ? 1 : 5));
const model = modelSize(options.model);

const RECIPE = [
  ...['--dropout', '0.3', '--criterion', 'label_smoothed_cross_entropy', '--label-smoothing', '0.1'],
  ...['--optimizer', 'adam', '--clip-norm', '1', '--lr', '1e-4', '--seed', '1', '--device', 'cpu'],
  ...['--no-save', '--disable-validation', '--max-tokens', options['max-tokens']],
];

/** Trains. @param prefix mpirun and its flags, or nothing @returns the log without the updates of the warm-up */
async function train(
  prefix: readonly string[],
  threads: number,
  updateFreq: number,
  count: number,
): Promise<TrainingLog> {
  const flags = ['--threads', String(threads), '--update-freq', String(updateFreq), '--max-update', String(count)];
  const program = [process.execPath, inRepository('bin/ts-fairseq.js'), 'train', options.data];
  const command = [...prefix, ...program, ...model.flags, ...RECIPE, ...flags];
  const { updates: seen, parameters } = await loggedTraining(command, ENVIRONMENT);
  return { updates: seen.slice(-(count - WARMUP)), parameters };
}

const ENVIRONMENT = {
  ...MPIRUN_ENVIRONMENT,
  OMP_WAIT_POLICY: 'passive',
};
const MPIRUN = [
  'mpirun',
  '-n',
  String(RANKS),
  '--bind-to',
  'none',
  ...options.mpirun.split(' ').filter((flag) => flag !== ''),
];

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const secondsOf = (seen: readonly LoggedUpdate[]): number[] => seen.map(({ seconds }) => seconds);
const speed = (seen: readonly LoggedUpdate[]): number =>
  sum(seen.map(({ targetTokens }) => targetTokens)) / sum(secondsOf(seen));

/** The mean, over groups of N consecutive batches, of the slowest: the ranks of an update wait for it. */
function slowestInTurn(seconds: readonly number[], ranks: number): number {
  const groups = Math.floor(seconds.length / ranks);
  return mean(
    Array.from({ length: groups }, (_, group) => Math.max(...seconds.slice(group * ranks, (group + 1) * ranks))),
  );
}

/** The expected largest of N draws from the measured times: Σ t₍ᵢ₎ · ((i/n)ᴺ − ((i−1)/n)ᴺ). */
function expectedSlowest(seconds: readonly number[], ranks: number): number {
  const sorted = [...seconds].sort((a, b) => a - b);
  const n = sorted.length;
  return sum(sorted.map((time, index) => time * (((index + 1) / n) ** ranks - (index / n) ** ranks)));
}

/** The seconds that a sum over N ranks takes: 2(N−1)/N · bytes / bandwidth + the latencies of four collectives. */
function communication(bytes: number, ranks: number, bytesPerSecond: number, latency: number): number {
  return (2 * (ranks - 1) * bytes) / ranks / bytesPerSecond + 4 * latency;
}

interface Round {
  readonly one: number; // target tokens/s of one process with two threads
  readonly two: number; // of two processes
  readonly update: number; // s, two processes
  readonly predicted: number; // s
}

const latency = Number(options.latency) / 1e6;
const measured: Round[] = [];
const times: number[] = [];
let bytes = 0;
for (let round = 1; round <= Math.max(rounds, 1); round++) {
  progress(`round ${round} of ${rounds}`);
  const alone = await train([], 1, 1, (updates - WARMUP) * RANKS + WARMUP);
  const single = secondsOf(alone.updates);
  times.push(...single);
  bytes = 4 * alone.parameters;
  if (rounds === 0) break;
  const one = await train([], RANKS, RANKS, updates);
  const two = await train(MPIRUN, 1, 1, updates);
  const transfer = communication(bytes, RANKS, Number(options.bandwidth) * 1e9, latency);
  const predicted = slowestInTurn(single, RANKS) + transfer;
  measured.push({ one: speed(one.updates), two: speed(two.updates), update: mean(secondsOf(two.updates)), predicted });
}

const medianOf = (value: (round: Round) => number): number => median(measured.map(value));
const ratio = medianOf(({ one, two }) => two / one);
const error = medianOf(({ update, predicted }) => predicted / update - 1);
const predictions = options.gigabits.split(',').flatMap((gigabits) =>
  [2, 8, 64].map((ranks) => {
    const transfer = communication(bytes, ranks, (Number(gigabits) * 1e9) / 8, latency);
    const update = expectedSlowest(times, ranks) + transfer;
    return `${ranks} ranks, ${gigabits} Gb/s: ${update.toFixed(3)} s an update, of which ${transfer.toFixed(3)} s are the sum; efficiency ${percent(mean(times) / update)}`;
  }),
);

publish(
  {
    benchmark: 'distributed',
    note: `${model.name}, --max-tokens ${options['max-tokens']} a process: target tokens/s of one process with ${RANKS} threads (--update-freq ${RANKS}) and of ${RANKS} processes with one; seconds of an update, measured and predicted from one process's log`,
    columns: [
      { heading: 'one process', value: ({ one }) => one },
      { heading: 'two', value: ({ two }) => two },
      { heading: 'ratio', value: ({ one, two }) => percent(two / one) },
      { heading: 's/update', value: ({ update }) => update, digits: 3 },
      { heading: 'predicted', value: ({ predicted }) => predicted, digits: 3 },
    ],
    rows: measured,
    remarks: [
      ...(rounds === 0
        ? []
        : [`median: ${percent(ratio)} of one process's speed; the prediction is off by ${percent(error)}`]),
      `efficiency = the mean time of a batch in one process / the time of an update (one thread a rank, mean ${mean(times).toFixed(3)} s):`,
      ...predictions,
    ],
    details: { ratio, error, times },
  },
  options,
);
