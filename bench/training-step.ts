/** How fast is training, and how close to the peak of the processor? */

import { Contestant, training } from './harness/contestant.js';
import { bestOf, measurePeak, type Peak, type Precision, REPETITIONS } from './harness/gemm-peak.js';
import {
  MODELS,
  type ModelSize,
  modelSize,
  trainingFlops,
  trainingGemms,
  vocabularySize,
} from './harness/model-size.js';
import type { ObservedUpdate } from './harness/observed-training.js';
import { benchmarkOptions } from './harness/options.js';
import { inRepository, requireData } from './harness/paths.js';
import { median, percent, progress, publish } from './harness/report.js';
import { averageWork } from './harness/work.js';

const options = benchmarkOptions({
  model: { type: 'string' }, // iwslt or small; both without it
  precision: { type: 'string' }, // float32 or bfloat16; both without it
  updates: { type: 'string' },
  warmup: { type: 'string' },
  'max-tokens': { type: 'string', default: '4096' },
  peers: { type: 'string' }, // a Python with torch: the same model and batches in PyTorch, taking turns with ours
});

interface Counts {
  readonly warmup: number;
  readonly updates: number;
}

/** Number of timed updates; more for the small model, whose short updates are noisier. */
function updatesOf(model: ModelSize): number {
  if (options.updates !== undefined) return Number(options.updates);
  if (options.short) return 5;
  return model === MODELS.small ? 60 : 15;
}

interface Variant {
  readonly name: string;
  readonly precision: Precision;
  readonly flags: readonly string[];
}

/** Programs that run on the batches of the first variant. */
const ALL_PEERS = [
  { name: 'PyTorch float32', precision: 'float32' },
  { name: 'PyTorch bfloat16 autocast', precision: 'bfloat16' },
] as const;

const LABEL_SMOOTHED = ['--criterion', 'label_smoothed_cross_entropy'];
const ALL_VARIANTS: readonly Variant[] = [
  { name: 'float32', precision: 'float32', flags: LABEL_SMOOTHED },
  { name: 'float32, encouraging', precision: 'float32', flags: ['--criterion', 'encouraging', '--log-end', '0.5'] },
  { name: 'bfloat16', precision: 'bfloat16', flags: [...LABEL_SMOOTHED, '--bf16'] },
];

const isWanted = ({ precision }: { readonly precision: Precision }): boolean =>
  options.precision === undefined || options.precision === precision;
const VARIANTS = ALL_VARIANTS.filter(isWanted);
const PEERS = ALL_PEERS.filter(isWanted);

interface Row {
  readonly model: string;
  readonly variant: string;
  readonly tokensPerSecond: number;
  readonly gflops: number;
  readonly peak: Pick<Peak, 'mean' | 'best'>;
  readonly ofMean: number;
  readonly ofBest: number;
  readonly peakBytes: number;
  /** Time of an update relative to the first variant's for the same batch, minus 1. */
  readonly cost: number;
  readonly losses: readonly number[];
}

function startPeers(python: string, { embed, inner, layers, heads, shared }: ModelSize, vocab: number): Contestant[] {
  const { threads } = options;
  return PEERS.map(({ name, precision }) => {
    const size = { embed, inner, layers, heads, shared, vocab, threads, bfloat16: precision === 'bfloat16' };
    const program = inRepository('bench/peers/training_step.py');
    return new Contestant(name, [python, program, JSON.stringify(size)], threads);
  });
}

/** Alternates between the runs, ours first; returns the updates of each run after the warm-up. */
async function timeUpdates(contestants: readonly Contestant[], peers: readonly Contestant[], counts: Counts) {
  const timed: ObservedUpdate[][] = [...contestants, ...peers].map(() => []);
  for (const peer of peers) await peer.next(); // it is ready
  for (let update = 0; update < counts.warmup + counts.updates; update++) {
    if (update === 0) progress(`${counts.warmup} updates to warm up, then ${counts.updates}`);
    const ours: ObservedUpdate[] = [];
    for (const contestant of contestants) ours.push(await contestant.next());
    const batch = JSON.stringify(ours[0]!.batch);
    for (const peer of peers) ours.push({ ...ours[0]!, ...(await peer.next(batch)) });
    if (update >= counts.warmup) for (const [index, seen] of ours.entries()) timed[index]!.push(seen);
  }
  return timed;
}

async function measure(model: ModelSize, data: string): Promise<Row[]> {
  const { threads } = options;
  const updates = updatesOf(model);
  const warmup = Number(options.warmup ?? (options.short ? 5 : 20));
  const vocab = vocabularySize(`${data}/dict.en.txt`);
  const contestants = VARIANTS.map(({ name, flags }) =>
    training(name, data, [...model.flags, '--max-tokens', options['max-tokens'], ...flags], {
      ...{ threads, emitBatches: options.peers !== undefined },
    }),
  );
  const peers = options.peers === undefined ? [] : startPeers(options.peers, model, vocab);
  try {
    const timed = await timeUpdates(contestants, peers, { warmup, updates });
    const gemms = trainingGemms(model, vocab, averageWork(timed[0]!));
    progress('peak of the matrix products');
    const peaks = Object.fromEntries(
      (['float32', 'bfloat16'] as const).map((precision) => {
        const half = () => measurePeak(gemms, { precision, threads, repetitions: REPETITIONS / 2 });
        return [precision, bestOf(half(), half())];
      }),
    ) as Record<Precision, Peak>;
    const all = [...VARIANTS, ...PEERS];
    return timed.map((seen, index) => rowOf(model, vocab, all[index]!, seen, timed[0]!, peaks));
  } finally {
    for (const contestant of [...contestants, ...peers]) contestant.stop();
  }
}

function rowOf(
  model: ModelSize,
  vocab: number,
  { name, precision }: Pick<Variant, 'name' | 'precision'>,
  updates: readonly ObservedUpdate[],
  baseline: readonly ObservedUpdate[],
  peaks: Readonly<Record<Precision, Peak>>,
): Row {
  const gflops = median(updates.map((update) => trainingFlops(model, vocab, update) / update.seconds / 1e9));
  const { mean, best } = peaks[precision];
  return {
    model: model.name,
    variant: name,
    tokensPerSecond: median(updates.map(({ targetTokens, seconds }) => targetTokens / seconds)),
    gflops,
    peak: { mean, best },
    ofMean: gflops / mean,
    ofBest: gflops / best,
    peakBytes: updates.at(-1)!.peakBytes,
    cost: median(updates.map(({ seconds }, update) => seconds / baseline[update]!.seconds)) - 1,
    losses: updates.map(({ loss }) => loss),
  };
}

const data = requireData(options.data);
const chosen = options.model === undefined ? Object.values(MODELS) : [modelSize(options.model)];
const rows: Row[] = [];
for (const model of chosen) rows.push(...(await measure(model, data)));
publish(
  {
    benchmark: 'training-step',
    note:
      `whole updates on ${data}, --max-tokens ${options['max-tokens']}, medians; GFLOPS: 6 · parameters in products · ` +
      'tokens; peak: oneDNN alone on these shapes, in sum and the best of them',
    columns: [
      { heading: 'model', value: ({ model }) => model },
      { heading: 'variant', value: ({ variant }) => variant },
      { heading: 'target tokens/s', value: ({ tokensPerSecond }) => tokensPerSecond },
      { heading: 'GFLOPS', value: ({ gflops }) => gflops, digits: 1 },
      { heading: 'peak', value: ({ peak }) => peak.mean, digits: 1 },
      { heading: 'ratio', value: ({ ofMean }) => percent(ofMean) },
      { heading: 'best shape', value: ({ peak }) => peak.best, digits: 1 },
      { heading: 'ratio', value: ({ ofBest }) => percent(ofBest) },
      { heading: 'GiB', value: ({ peakBytes }) => peakBytes / 2 ** 30, digits: 2 },
      { heading: 'time against the first', value: ({ cost }) => percent(cost) },
    ],
    rows,
  },
  options,
);
