import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { inRepository } from './paths.js';

/** dst [m, n] = src [m, k] · weights [k, n]. */
export interface Gemm {
  readonly name: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** Whether src is stored as [k, m]. */
  readonly transposed: boolean;
  /** The number of such products. */
  readonly count: number;
}

export type Precision = 'float32' | 'bfloat16';

export interface MeasuredGemm extends Gemm {
  readonly seconds: number; // the best
  readonly gflops: number;
}

/** The speed of oneDNN alone. */
export interface Peak {
  readonly shapes: readonly MeasuredGemm[];
  /** GFLOPS of all products together, each with its best time. */
  readonly mean: number;
  /** GFLOPS of the fastest shape. */
  readonly best: number;
}

export interface PeakOptions {
  readonly precision: Precision;
  readonly threads: number;
  readonly repetitions: number;
}

export const REPETITIONS = 20;

const SOURCE = inRepository('bench/gemm-peak/gemm-peak.cc');
const PROGRAM = inRepository('build/bench/gemm-peak');

const flops = ({ m, k, n }: Gemm): number => 2 * m * k * n;

/** Measures every shape. Results of earlier runs are not reused, because the speed of machines varies. */
export function measurePeak(gemms: readonly Gemm[], { precision, threads, repetitions }: PeakOptions): Peak {
  build();
  const type = precision === 'bfloat16' ? 'bf16' : 'f32';
  const lines = gemms.map(({ m, k, n, transposed }) => [type, m, k, n, transposed ? 1 : 0, repetitions].join(' '));
  const { status, stdout, stderr } = spawnSync(PROGRAM, {
    input: lines.join('\n'),
    encoding: 'utf8',
    // Bind the threads, because two of them may otherwise share a core while other work runs.
    env: { ...process.env, OMP_NUM_THREADS: String(threads), OMP_PROC_BIND: 'true' },
  });
  if (status !== 0) throw new Error(`gemm-peak failed: ${stderr}`);
  const seconds = stdout.trim().split('\n').map(Number);
  return peakOf(gemms.map((gemm, index) => ({ ...gemm, seconds: seconds[index]! })));
}

/** The better time of each shape from two measurements. */
export function bestOf(one: Peak, other: Peak): Peak {
  return peakOf(
    one.shapes.map((shape, index) => ({ ...shape, seconds: Math.min(shape.seconds, other.shapes[index]!.seconds) })),
  );
}

function peakOf(gemms: readonly (Gemm & { readonly seconds: number })[]): Peak {
  const shapes = gemms.map((gemm) => ({ ...gemm, gflops: flops(gemm) / gemm.seconds / 1e9 }));
  const total = (value: (gemm: MeasuredGemm) => number): number =>
    shapes.reduce((sum, gemm) => sum + gemm.count * value(gemm), 0);
  return {
    shapes,
    mean: total(flops) / total(({ seconds }) => seconds) / 1e9,
    best: Math.max(...shapes.map(({ gflops }) => gflops)),
  };
}

/** Compiles the program unless it is newer than its source. */
function build(): void {
  if (existsSync(PROGRAM) && statSync(PROGRAM).mtimeMs >= statSync(SOURCE).mtimeMs) return;
  mkdirSync(dirname(PROGRAM), { recursive: true });
  const root = process.env.ONEDNN_ROOT;
  const place = root === undefined ? [] : [`-I${root}/include`, `-L${root}/lib`, `-Wl,-rpath,${root}/lib`];
  const command = ['-O2', '-std=c++17', SOURCE, '-o', PROGRAM, ...place, '-ldnnl'];
  const { status, stderr } = spawnSync(process.env.CXX ?? 'g++', command, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`gemm-peak does not compile; it requires g++ and libdnnl-dev\n${stderr}`);
}
