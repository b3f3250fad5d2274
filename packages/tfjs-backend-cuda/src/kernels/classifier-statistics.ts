import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import { chunkRows, classifierStatistics, classifierStatisticsGrad } from '../host/classifier-statistics.js';
import { checkIndices, checkIntegers, checkSize, tableSizes } from './checks.js';
import { floats, type GradientAttributes, integers, kernel, knownIntegers, multiplied, multiplying } from './kernel.js';

/** The functions of the probability of a class that have kernels. src/ops/class-function.ts defines them. */
type ClassFunction =
  | {
      readonly family: 'log';
      readonly logEnd: number;
      readonly clamp: number;
      readonly scale: number;
      readonly start: number;
      readonly abrupt: number;
    }
  | { readonly family: 'power'; readonly exponent: number; readonly start: number; readonly abrupt: number }
  | { readonly family: 'cosine'; readonly abrupt: number };

interface StatisticsAttributes extends GradientAttributes {
  readonly sums: readonly ClassFunction[];
  /** Identifies this call to its gradient, for which it may keep logits. Without it none are kept. */
  readonly call?: symbol;
}

/** The fields of ClassFunction in cu/class-function.h. Infinity switches a bound off. */
function fields(f: ClassFunction): number[] {
  const abrupt = f.abrupt > 0 ? f.abrupt : Infinity;
  switch (f.family) {
    case 'log': {
      const atStart = f.start === 0 ? 0 : Math.log(Math.max(1 - f.start, f.clamp));
      return [0, f.logEnd === 1 ? Infinity : f.logEnd, f.clamp, f.scale, 0, f.start, atStart, abrupt];
    }
    case 'power':
      return [1, 0, 0, 0, f.exponent, f.start, f.start === 0 ? 0 : -(f.start ** f.exponent), abrupt];
    case 'cosine':
      return [2, 0, 0, 0, 0, 0, 0, abrupt];
    default:
      throw new Error(
        `unknown family of class functions '${(f as { family: unknown }).family}'; use log, power or cosine`,
      );
  }
}

/** Checks shapes and types, and the targets if the host knows them. The kernels mark others that are no class with NaN. */
function checkClassifier(
  { features, weights, targets }: Readonly<Record<'features' | 'weights' | 'targets', TensorInfo>>,
  { sums }: StatisticsAttributes,
  backend: CudaBackend,
) {
  const [rows, embed] = tableSizes('features', features);
  const [classes] = tableSizes('weights', weights);
  checkSize('weights', weights, [classes, embed]);
  checkSize('targets', targets, [rows]);
  checkIntegers('targets', targets);
  checkIndices('target', knownIntegers(backend, targets) ?? new Int32Array(0), classes);
  return { rows, embed, classes, functions: Float32Array.from(sums.flatMap(fields)), chunk: chunkRows(rows, classes) };
}

/** The part of the device's memory that logits take at most that all calls of a training step keep. */
const KEPT_SHARE = 1 / 16;

/** The bytes of the logits of the first chunks, as many as may be kept. */
function keptSizes({ rows, classes, chunk }: ReturnType<typeof checkClassifier>, bytes: number): number[] {
  const sizes: number[] = [];
  for (let first = 0, left = bytes; first < rows; first += chunk) {
    const size = 4 * Math.min(chunk, rows - first) * classes;
    if (size > left) break;
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

/** How features, weights and the gradient of features are stored: in the precision of products. */
const storageOf = ({ precision }: CudaBackend) =>
  ({ features: precision, weights: precision, dFeatures: precision }) as const;

/** features [rows, embed], weights [classes, embed], targets [rows] → targetLogProb, meanLogProb, predictions, sums. */
const statistics = kernel<'features' | 'weights' | 'targets', StatisticsAttributes>(
  'ClassifierStatistics',
  ({ inputs, attrs, backend }) => {
    const { features, weights, targets } = inputs;
    const shape = checkClassifier(inputs, attrs, backend);
    const [targetLogProb, meanLogProb] = [backend.output([shape.rows]), backend.output([shape.rows])];
    const predictions = backend.output([shape.rows], 'int32');
    const sums = attrs.sums.map(() => backend.output([shape.rows]));
    const { gradientPass: pass } = backend;
    const left = KEPT_SHARE * backend.device.totalMemory - (pass?.keptBytes ?? 0);
    const kept = attrs.call === undefined ? [] : (pass?.keep(attrs.call, keptSizes(shape, left)) ?? []);
    classifierStatistics(backend, {
      ...{ ...multiplied(backend, { features, weights }), storage: storageOf(backend) },
      ...floats(backend, { targetLogProb, meanLogProb }),
      ...{ ...integers(backend, { targets, predictions }), ...shape, kept },
      sums: sums.map((sum) => backend.address(sum)),
    });
    return [targetLogProb, meanLogProb, predictions, ...sums];
  },
);

/** … dTargetLogProb, dMeanLogProb, dSum0, dSum1 … [rows] → dFeatures, dWeights. */
const statisticsGrad = kernel<string, StatisticsAttributes>(
  'ClassifierStatisticsGrad',
  ({ inputs, attrs, backend }) => {
    const { features, weights, targets } = inputs as Record<'features' | 'weights' | 'targets', TensorInfo>;
    const shape = checkClassifier({ features, weights, targets }, attrs, backend);
    const rowGradient = (name: string): number => {
      checkSize(name, inputs[name], [shape.rows]);
      return backend.address({ ...inputs[name]!, dtype: 'float32' });
    };
    const rowGradients = {
      dTargetLogProb: rowGradient('dTargetLogProb'),
      dMeanLogProb: rowGradient('dMeanLogProb'),
      dSums: attrs.sums.map((_, index) => rowGradient(`dSum${index}`)),
    };
    const dFeatures = multiplying(backend, features.shape);
    const dWeights = backend.gradientOutput(weights, attrs.collected?.weights);
    const compute = (kept: readonly number[]): void =>
      classifierStatisticsGrad(backend, {
        ...{ ...multiplied(backend, { features, weights }), storage: storageOf(backend) },
        ...{ dFeatures: backend.storedAddress(dFeatures), ...integers(backend, { targets }) },
        ...{ ...shape, kept, ...rowGradients, dWeights: dWeights.address, accumulateWeights: dWeights.accumulate },
      });
    const { gradientPass: pass } = backend;
    if (attrs.call === undefined || pass === null) compute([]);
    else pass.withKept(attrs.call, compute);
    return [dFeatures, dWeights.info];
  },
);

export const classifierStatisticsKernels: readonly KernelConfig[] = [statistics, statisticsGrad];
