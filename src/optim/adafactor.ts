import { UserError } from '../errors.js';
import { defineOptimizer, type StateTensor } from '../plugins/optimizer.js';
import type { NamedParameter } from './parameter-store.js';
import { decoupledWeightDecay } from './weight-decay.js';

/**
 * Adafactor (Shazeer and Stern 2018) as in fairseq. The second moment of a matrix is stored as the means of its rows r
 * and columns c. With β2 = 1 − t^decay-rate, s = g² + ε₁ and rms(x) = ‖x‖ / √size:
 *   r ← β2·r + (1−β2)·mean_j s_ij;  c ← β2·c + (1−β2)·mean_i s_ij;  u_ij = g_ij / √(r_i/mean(r) · c_j)
 * For vectors v ← β2·v + (1−β2)·s;  u = g / √v. Then
 *   u ← u / max(1, rms(u) / clip-threshold) · α;  with --beta1 m ← β1·m + (1−β1)·u, u = m;  p ← p − α·wd·p − u
 * where α is the scheduled learning rate, or with --relative-step min(0.01, 1/√t), or with --warmup-init too
 * min(1e-6·t, 1/√t). --scale-parameter multiplies α by max(ε₂, rms(p)).
 *
 * There are two differences from fairseq. fairseq always refuses --relative-step because it always has a --lr. And with
 * --scale-parameter fairseq passes the scaled rate on to the next parameter, so that the scales accumulate.
 */
export const adafactor = defineOptimizer({
  name: 'adafactor',
  summary: 'Adam with a factored second moment, which needs little memory',
  options: {
    adafactorEps: {
      kind: 'numbers',
      default: [1e-30, 1e-3],
      metavar: 'E1,E2',
      help: 'added to squared gradients; minimum scale of a parameter',
    },
    clipThreshold: { kind: 'float', default: 1, help: 'maximum root mean square of an update' },
    decayRate: { kind: 'float', default: -0.8, help: 'exponent of the decay of the second moment' },
    beta1: { kind: 'float', default: null, min: 0, max: 1, help: 'decay rate of the first moment (default: none)' },
    weightDecay: decoupledWeightDecay,
    scaleParameter: {
      kind: 'boolean',
      default: false,
      help: 'multiply the learning rate by the root mean square of each parameter',
    },
    relativeStep: { kind: 'boolean', default: false, help: 'use the learning rate min(0.01, 1/√t) instead of --lr' },
    warmupInit: { kind: 'boolean', default: false, help: 'with --relative-step: let the rate rise from 1e-6' },
  },
  usualLearningRate: ({ relativeStep }) => (relativeStep ? null : 1e-3), // the rate of T5's fine-tuning
  build(options, store) {
    const { adafactorEps, clipThreshold, decayRate, beta1, weightDecay, warmupInit } = options;
    if (adafactorEps.length !== 2) {
      throw new UserError(`--adafactor-eps ${adafactorEps.join(',')}`, 'give two numbers, e.g. 1e-30,1e-3');
    }
    if (warmupInit && !options.relativeStep) {
      throw new UserError('--warmup-init requires --relative-step', 'add --relative-step, or leave --warmup-init out');
    }
    const [addedToSquares, leastScale] = adafactorEps as [number, number];
    const firstMoment = beta1 === null ? null : new Float32Array(store.values.length);
    const arenas: Record<string, Float32Array> = firstMoment === null ? {} : { exp_avg: firstMoment };
    const tensors = new Map<string, StateTensor>();
    const work = store.parameters.map((parameter) => ({ parameter, moment: makeMoment(parameter, tensors) }));
    const updates = new Float64Array(Math.max(0, ...work.map(({ parameter }) => parameter.size)));

    const rateOf = (value: Float32Array, learningRate: number, step: number): number => {
      const cap = warmupInit ? 1e-6 * step : 1e-2;
      const rate = options.relativeStep ? Math.min(cap, 1 / Math.sqrt(step)) : learningRate;
      return options.scaleParameter ? rate * Math.max(leastScale, rootMeanSquare(value)) : rate;
    };

    return {
      arenas,
      tensors,
      step(learningRate, step) {
        const beta2 = 1 - step ** decayRate;
        for (const { parameter, moment } of work) {
          const value = store.view(store.values, parameter);
          const update = updates.subarray(0, parameter.size);
          moment.normalize(store.view(store.gradients, parameter), update, beta2, addedToSquares);
          const rate = rateOf(value, learningRate, step);
          const scale = rate / Math.max(1, rootMeanSquare(update) / clipThreshold);
          const average = firstMoment === null ? null : store.view(firstMoment, parameter);
          for (let index = 0; index < update.length; index++) {
            let change = update[index]! * scale;
            if (average !== null) {
              change = beta1! * average[index]! + (1 - beta1!) * change;
              average[index] = change;
            }
            value[index] = value[index]! * (1 - weightDecay * rate) - change;
          }
        }
      },
    };
  },
});

/** The second moment of one parameter. */
interface Moment {
  /** Updates the moment with a gradient and writes gradient / √moment to `update`. */
  normalize(gradient: Float32Array, update: Float64Array, beta2: number, addedToSquares: number): void;
}

/** @param tensors receives the tensors of the moment */
function makeMoment({ name, shape, size }: NamedParameter, tensors: Map<string, StateTensor>): Moment {
  const allocate = (kind: string, ofShape: readonly number[]): Float32Array => {
    const data = new Float32Array(ofShape.reduce((product, axis) => product * axis, 1));
    tensors.set(`${kind}.${name}`, { shape: ofShape, data });
    return data;
  };
  if (shape.length < 2) return unfactoredMoment(allocate('exp_avg_sq', shape));
  const [rows, columns] = shape.slice(-2) as [number, number];
  const rowMeans = allocate('exp_avg_sq_row', shape.slice(0, -1));
  const columnMeans = allocate('exp_avg_sq_col', [...shape.slice(0, -2), columns]);
  const matrices = Array.from({ length: size / (rows * columns) }, (_, at) =>
    factoredMoment(
      rowMeans.subarray(at * rows, (at + 1) * rows),
      columnMeans.subarray(at * columns, (at + 1) * columns),
    ),
  );
  return {
    normalize(gradient, update, ...rest) {
      for (const [at, matrix] of matrices.entries()) {
        const [begin, end] = [at * rows * columns, (at + 1) * rows * columns];
        matrix.normalize(gradient.subarray(begin, end), update.subarray(begin, end), ...rest);
      }
    },
  };
}

function unfactoredMoment(average: Float32Array): Moment {
  return {
    normalize(gradient, update, beta2, addedToSquares) {
      for (let index = 0; index < average.length; index++) {
        average[index] = beta2 * average[index]! + (1 - beta2) * (gradient[index]! ** 2 + addedToSquares);
        update[index] = gradient[index]! / Math.sqrt(average[index]!);
      }
    },
  };
}

function factoredMoment(
  rowMeans: Float32Array, // [rows]
  columnMeans: Float32Array, // [columns]
): Moment {
  const [rows, columns] = [rowMeans.length, columnMeans.length];
  const columnSums = new Float64Array(columns);
  return {
    normalize(gradient, update, beta2, addedToSquares) {
      columnSums.fill(0);
      for (let row = 0; row < rows; row++) {
        let sum = 0;
        for (let column = 0; column < columns; column++) {
          const square = gradient[row * columns + column]! ** 2 + addedToSquares;
          sum += square;
          columnSums[column]! += square;
        }
        rowMeans[row] = beta2 * rowMeans[row]! + (1 - beta2) * (sum / columns);
      }
      for (let column = 0; column < columns; column++) {
        columnMeans[column] = beta2 * columnMeans[column]! + (1 - beta2) * (columnSums[column]! / rows);
      }
      const meanOfRows = rowMeans.reduce((sum, mean) => sum + mean, 0) / rows;
      for (let row = 0; row < rows; row++) {
        // One factor at a time, because the product of two moments near 1e-30 underflows in float32.
        const ofRow = 1 / Math.sqrt(rowMeans[row]! / meanOfRows);
        for (let column = 0; column < columns; column++) {
          const index = row * columns + column;
          update[index] = (gradient[index]! * ofRow) / Math.sqrt(columnMeans[column]!);
        }
      }
    },
  };
}

function rootMeanSquare(x: Float32Array | Float64Array): number {
  let sum = 0;
  for (let index = 0; index < x.length; index++) sum += x[index]! ** 2;
  return Math.sqrt(sum / x.length);
}
