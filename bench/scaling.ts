/** How do speed and memory change with the size of batches, the vocabulary and the length of sentences? */
import { join } from 'node:path';
import { training } from './harness/contestant.js';
import { measurePeak } from './harness/gemm-peak.js';
import { makeUpData } from './harness/made-up-data.js';
import { modelSize, trainingFlops, trainingGemms } from './harness/model-size.js';
import type { ObservedUpdate } from './harness/observed-training.js';
import { benchmarkOptions } from './harness/options.js';
import { median, percent, progress, publish } from './harness/report.js';
import { temporaryFolder } from './harness/temporary.js';
import { averageWork } from './harness/work.js';

const options = benchmarkOptions({ model: { type: 'string', default: 'small' }, updates: { type: 'string' } });
const { threads, short } = options;
const model = modelSize(options.model);
const updates = Number(options.updates ?? (short ? 3 : 7));
const WARMUP = 3;
const PEAK_REPETITIONS = 5;

interface Point {
  readonly maxTokens: number;
  readonly vocab: number;
  readonly length: number; // tokens of each sentence, </s> included
}

const BASE: Point = { maxTokens: 4096, vocab: 8000, length: 20 };
const choose = <T>(values: readonly T[]): T[] => (short ? [values[0]!, values.at(-1)!] : [...values]);

/** Points that differ in one growing number. */
interface Series {
  readonly name: string;
  readonly of: keyof Point;
  readonly values: readonly number[];
}

const SERIES: readonly Series[] = [
  { name: '--max-tokens', of: 'maxTokens', values: choose([1024, 2048, 4096, 8192, 16384]) },
  { name: 'vocabulary', of: 'vocab', values: choose([8000, 16000, 32000, 64000]) },
  { name: 'length', of: 'length', values: choose([20, 50, 100, 200, 500]) },
];

/** Products of attention scores and contexts, forward and backward: 12 · embed · Σ over layers of queries · keys. */
const attentionFlops = (tokens: number, length: number): number =>
  12 * model.embed * model.layers * tokens * (length + length + length);

interface Row extends Point {
  readonly tokensPerSecond: number;
  readonly gflops: number;
  /** GFLOPS including the products of attention. */
  readonly gflopsWithAttention: number;
  readonly peak: number;
  readonly peakBytes: number;
}

async function measure(point: Point, folder: string): Promise<Row> {
  const { maxTokens, vocab, length } = point;
  const sentences = Math.ceil((maxTokens / length) * (WARMUP + updates + 1));
  const data = makeUpData(folder, { vocab, length, sentences });
  const contestant = training('training', data, [...model.flags, '--max-tokens', String(maxTokens), ...LOSS], {
    threads,
  });
  const seen: ObservedUpdate[] = [];
  try {
    for (let update = 0; update < WARMUP + updates; update++) seen.push(await contestant.next());
  } finally {
    contestant.stop();
  }
  const timed = seen.slice(WARMUP);
  const perSecond = (value: (update: ObservedUpdate) => number): number =>
    median(timed.map((update) => value(update) / update.seconds));
  const gemms = trainingGemms(model, vocab, averageWork(timed));
  const gflops = (update: ObservedUpdate): number => trainingFlops(model, vocab, update) / 1e9;
  return {
    ...point,
    tokensPerSecond: perSecond(({ targetTokens }) => targetTokens),
    gflops: perSecond(gflops),
    gflopsWithAttention: perSecond((update) => gflops(update) + attentionFlops(update.targetTokens, length) / 1e9),
    peak: measurePeak(gemms, { precision: 'float32', threads, repetitions: PEAK_REPETITIONS }).mean,
    peakBytes: seen.at(-1)!.peakBytes,
  };
}

const LOSS = ['--criterion', 'label_smoothed_cross_entropy'];
const work = temporaryFolder();

const known = new Map<string, Row>();

/** Measured once, because every series contains the base point. */
async function rowOf(point: Point): Promise<Row> {
  const name = `--max-tokens ${point.maxTokens}, ${point.vocab} symbols, ${point.length} tokens a sentence`;
  let row = known.get(name);
  if (row === undefined) {
    progress(name);
    row = await measure(point, join(work, String(known.size)));
    known.set(name, row);
  }
  return row;
}

/** A series is bent at points below this fraction of its best share of the peak, including attention. */
const BENT = 0.8;

/** Describes the points where the series is bent, and the growth of memory. */
function remarksOn({ name, of }: Series, series: readonly Row[]): string {
  const share = ({ gflopsWithAttention, peak }: Row): number => gflopsWithAttention / peak;
  const best = series.reduce((a, b) => (share(b) > share(a) ? b : a));
  const bent = series.filter((row) => share(row) < BENT * share(best));
  const where = bent.map((row) => `${row[of]} (${percent(share(row))} of the peak)`).join(', ');
  const steps = series.slice(1).map((row, index) => {
    const before = series[index]!;
    return ((row.peakBytes - before.peakBytes) / 2 ** 10 / (row[of] - before[of])).toFixed(1);
  });
  const bends =
    bent.length === 0 ? 'does not bend' : `bends at ${where}; best at ${best[of]} (${percent(share(best))})`;
  return `${name}: ${bends}; memory grows from point to point by ${steps.join(', ')} KiB for one more`;
}

const rows: Row[] = [];
const remarks: string[] = [];
for (const series of SERIES) {
  const ofSeries: Row[] = [];
  for (const value of series.values) ofSeries.push(await rowOf({ ...BASE, [series.of]: value }));
  rows.push(...ofSeries);
  remarks.push(remarksOn(series, ofSeries));
}
publish(
  {
    benchmark: 'scaling',
    note: `${model.name}, float32, made-up sentences of one length; GFLOPS without and with the products of attention`,
    columns: [
      { heading: '--max-tokens', value: ({ maxTokens }) => maxTokens },
      { heading: 'vocabulary', value: ({ vocab }) => vocab },
      { heading: 'length', value: ({ length }) => length },
      { heading: 'target tokens/s', value: ({ tokensPerSecond }) => tokensPerSecond },
      { heading: 'GFLOPS', value: ({ gflops }) => gflops, digits: 1 },
      { heading: 'with attention', value: ({ gflopsWithAttention }) => gflopsWithAttention, digits: 1 },
      { heading: 'peak', value: ({ peak }) => peak, digits: 1 },
      { heading: 'ratio', value: ({ gflops, peak }) => percent(gflops / peak) },
      { heading: 'GiB', value: ({ peakBytes }) => peakBytes / 2 ** 30, digits: 2 },
    ],
    rows,
    remarks,
  },
  options,
);
