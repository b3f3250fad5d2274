/** How fast are our linear layers compared with oneDNN alone, shape by shape? */

import * as tf from '@tensorflow/tfjs';
import { openDevice } from '../src/devices/index.js';
import { runKernel } from '../src/ops/define-op.js';
import { measurePeak, type Precision, REPETITIONS } from './harness/gemm-peak.js';
import { linears, MODELS } from './harness/model-size.js';
import { benchmarkOptions } from './harness/options.js';
import { percent, publish } from './harness/report.js';

const options = benchmarkOptions({
  rows: { type: 'string', default: '3584' }, // of activations; about an update of --max-tokens 4096
  vocab: { type: 'string', default: '8000' },
  repetitions: { type: 'string', default: String(REPETITIONS) },
});
const rows = Number(options.rows);
const { threads } = options;
const repetitions = Number(options.repetitions);

interface Layer {
  readonly columns: number; // in
  readonly out: number;
}

interface Row extends Layer {
  readonly precision: Precision;
  readonly what: string;
  readonly gflops: number;
  readonly peak: number;
}

const LEAST_SECONDS = 0.1;

/** Best time of `work` in seconds, with the same number of repetitions as gemm-peak. */
function bestTime(work: () => void): number {
  let [best, all] = [Number.POSITIVE_INFINITY, 0];
  for (let repetition = 0; repetition <= repetitions || all < LEAST_SECONDS; repetition++) {
    const start = performance.now();
    tf.tidy(work);
    const seconds = (performance.now() - start) / 1000;
    if (repetition === 0) continue; // it warms up
    best = Math.min(best, seconds);
    all += seconds;
  }
  return best;
}

/** The layer's y, then dx and dW together, by our kernels and by oneDNN alone. */
function measure({ columns, out }: Layer, precision: Precision): Row[] {
  const gemm = (name: string, m: number, k: number, n: number, transposed = false) =>
    ({ name, m, k, n, transposed, count: 1 }) as const;
  const peakOf = (...gemms: ReturnType<typeof gemm>[]) => measurePeak(gemms, { precision, threads, repetitions }).mean;
  const flops = 2 * rows * columns * out;
  const half = (shape: number[]) => tf.fill(shape, 0.5);
  return tf.tidy(() => {
    const inputs = { x: half([rows, columns]), weight: half([out, columns]), bias: half([out]) };
    const dy = half([rows, out]);
    const forward = bestTime(() => void runKernel('FusedLinear', inputs, {}));
    const backward = bestTime(() => void runKernel('FusedLinearGrad', { ...inputs, dy }, {}));
    const row = { columns, out, precision };
    return [
      { ...row, what: 'y', gflops: flops / forward / 1e9, peak: peakOf(gemm('y', rows, columns, out)) },
      {
        ...row,
        what: 'dx, dW, db',
        gflops: (2 * flops) / backward / 1e9,
        peak: peakOf(gemm('dx', rows, out, columns), gemm('dW', out, rows, columns, true)),
      },
    ];
  });
}

const all = Object.values(MODELS).flatMap((model) => linears(model, Number(options.vocab)));
const layers = [...new Map(all.map((layer) => [`${layer.in} ${layer.out}`, layer])).values()];
const results: Row[] = [];
for (const precision of ['float32', 'bfloat16'] as const) {
  await openDevice('cpu', { threads, bfloat16: precision === 'bfloat16' });
  for (const { in: columns, out } of layers) results.push(...measure({ columns, out }, precision));
}
publish(
  {
    benchmark: 'gemm',
    note: `linear layers on ${rows} rows, best of ${repetitions}; GFLOPS of ours (packing, bias and conversion included) and of oneDNN alone`,
    columns: [
      { heading: 'layer', value: ({ columns, out }) => `${columns} -> ${out}` },
      { heading: 'what', value: ({ what }) => what },
      { heading: 'precision', value: ({ precision }) => precision },
      { heading: 'GFLOPS', value: ({ gflops }) => gflops, digits: 1 },
      { heading: 'peak', value: ({ peak }) => peak, digits: 1 },
      { heading: 'ratio', value: ({ gflops, peak }) => percent(gflops / peak) },
    ],
    rows: results,
  },
  options,
);
