/** How fast does training run, and how near is that to what the processor can multiply? */

import { type Contestant, training } from './harness/contestant.js';
import { bestOf, measurePeak, type Peak, type Precision, REPETITIONS } from './harness/gemm-peak.js';
import { MODELS, type ModelSize, trainingFlops, trainingGemms, vocabularySize } from './harness/model-size.js';
import type { ObservedUpdate } from './harness/observed-training.js';
import { benchmarkOptions } from './harness/options.js';
import { requireData } from './harness/paths.js';
import { median, percent, progress, publish } from './harness/report.js';
import { averageWork } from './harness/work.js';

const options = benchmarkOptions({
  model: { type: 'string' }, // iwslt or small; both without it
  updates: { type: 'string' },
  warmup: { type: 'string' },
  'max-tokens': { type: 'string', default: '4096' },
});

interface Variant {
  readonly name: string;
  readonly precision: Precision;
  readonly flags: readonly string[];
}

const LABEL_SMOOTHED = ['--criterion', 'label_smoothed_cross_entropy'];
const VARIANTS: readonly Variant[] = [
  { name: 'float32', precision: 'float32', flags: LABEL_SMOOTHED },
  { name: 'float32, encouraging', precision: 'float32', flags: ['--criterion', 'encouraging', '--log-end', '0.5'] },
  { name: 'bfloat16', precision: 'bfloat16', flags: [...LABEL_SMOOTHED, '--bf16'] },
];

interface Row {
  readonly model: string;
  readonly variant: string;
  readonly tokensPerSecond: number;
  readonly gflops: number;
  readonly peak: Pick<Peak, 'mean' | 'best'>;
  readonly ofMean: number;
  readonly ofBest: number;
  readonly peakBytes: number;
  /** Time of an update against the first variant's for the same batch, minus 1. */
  readonly cost: number;
  readonly losses: readonly number[];
}

async function timeUpdates(contestants: readonly Contestant[], warmup: number, updates: number) {
  for (const contestant of contestants) {
    progress(`${contestant.name}: ${warmup} updates to warm up`);
    for (let update = 0; update < warmup; update++) await contestant.next();
  }
  const timed: ObservedUpdate[][] = contestants.map(() => []);
  for (let update = 0; update < updates; update++) {
    for (const [index, contestant] of contestants.entries()) timed[index]!.push(await contestant.next());
  }
  return timed;
}

async function measure(model: ModelSize, data: string): Promise<Row[]> {
  const { threads } = options;
  const updates = Number(options.updates ?? (options.short ? 5 : 15));
  const warmup = Number(options.warmup ?? (options.short ? 5 : 20));
  const vocab = vocabularySize(`${data}/dict.en.txt`);
  const contestants = VARIANTS.map(({ name, flags }) =>
    training(name, data, [...model.flags, '--max-tokens', options['max-tokens'], ...flags], threads),
  );
  try {
    const timed = await timeUpdates(contestants, warmup, updates);
    const gemms = trainingGemms(model, vocab, averageWork(timed[0]!));
    progress('peak of the matrix products');
    const peaks = Object.fromEntries(
      (['float32', 'bfloat16'] as const).map((precision) => {
        const half = () => measurePeak(gemms, { precision, threads, repetitions: REPETITIONS / 2 });
        return [precision, bestOf(half(), half())];
      }),
    ) as Record<Precision, Peak>;
    return VARIANTS.map((variant, index) => rowOf(model, vocab, variant, timed[index]!, timed[0]!, peaks));
  } finally {
    for (const contestant of contestants) contestant.stop();
  }
}

function rowOf(
  model: ModelSize,
  vocab: number,
  { name, precision }: Variant,
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
const chosen = options.model === undefined ? Object.values(MODELS) : [MODELS[options.model as keyof typeof MODELS]];
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
      { heading: 'time against float32', value: ({ cost }) => percent(cost) },
    ],
    rows,
  },
  options,
);
