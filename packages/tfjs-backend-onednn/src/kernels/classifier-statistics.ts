import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import { checkIntegers, checkSize, tableSizes } from './checks.js';
import { type GradientAttributes, kernel, sizeOf } from './kernel.js';

/** The functions of the probability of a class that have native code. src/ops/class-function.ts defines them. */
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
  /** Identifies this call to its gradient, for which it may keep exponentials. Without it none are kept. */
  readonly call?: symbol;
}

/** The fields of ClassFunction in cc/class-function.h. Infinity switches a bound off. */
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

const functionFields = (sums: readonly ClassFunction[]): Float64Array => Float64Array.from(sums.flatMap(fields));

/** Checks shapes and types. The add-on checks that the targets are classes. */
function checkClassifier(features: TensorInfo, weights: TensorInfo, targets: TensorInfo) {
  const [rows, embed] = tableSizes('features', features);
  const [classes] = tableSizes('weights', weights);
  checkSize('weights', weights, [classes, embed]);
  checkSize('targets', targets, [rows]);
  checkIntegers('targets', targets);
  return { rows, embed, classes };
}

/** features [rows, embed], weights [classes, embed], targets [rows] → targetLogProb, meanLogProb, predictions, sums. */
const classifierStatistics = kernel<'features' | 'weights' | 'targets', StatisticsAttributes>(
  'ClassifierStatistics',
  ({ inputs: { features, weights, targets }, attrs, backend }) => {
    const { rows, embed, classes } = checkClassifier(features, weights, targets);
    const functions = functionFields(attrs.sums);
    const targetLogProb = backend.output([rows]);
    const meanLogProb = backend.output([rows]);
    const predictions = backend.output([rows], 'int32');
    const sums = attrs.sums.map(() => backend.output([rows]));
    addon().classifierStatistics({
      features: backend.floats(features),
      weights: backend.floats(weights),
      targets: backend.integers(targets),
      targetLogProb: backend.floats(targetLogProb),
      meanLogProb: backend.floats(meanLogProb),
      predictions: backend.integers(predictions),
      kept: backend.keep(attrs.call, keptSizes({ rows, classes, sums: sums.length }, KEPT_BYTES - backend.keptBytes)),
      sums: sums.map((sum) => backend.floats(sum)),
      functions,
      ...{ rows, embed, classes, functionCount: sums.length, chunk: chunkRows(rows, classes) },
    });
    return [targetLogProb, meanLogProb, predictions, ...sums];
  },
  ({ features, weights }) => 2 * sizeOf(features.shape) * weights.shape[0]!,
);

/**
 * Bytes of exponentials that all calls of a training step keep at most. The logits of further chunks are computed
 * twice.
 */
const KEPT_BYTES = 256 * 2 ** 20;

/**
 * A chunk of logits should stay in the last-level cache between the product that computes it and the loops that read
 * it.
 */
const CHUNK_BYTES = 8 * 2 ** 20;

/** kProductRows in cc/matmul.h. */
const PRODUCT_ROWS = 128;

/** The number of rows of a chunk of logits. */
function chunkRows(rows: number, classes: number): number {
  const fitting = Math.floor(CHUNK_BYTES / (4 * Math.max(classes, 1)) / PRODUCT_ROWS) * PRODUCT_ROWS;
  return Math.min(rows, Math.max(PRODUCT_ROWS, fitting));
}

/**
 * The number of floats that the add-on keeps of each of the first chunks for the backward pass, `bytes` at most in
 * total.
 */
function keptSizes(
  { rows, classes, sums }: { readonly rows: number; readonly classes: number; readonly sums: number },
  bytes: number,
): number[] {
  const ofRow = classes + 2 + sums;
  const chunk = chunkRows(rows, classes);
  const keptRows = Math.floor(bytes / (4 * ofRow));
  const sizes: number[] = [];
  for (let first = 0; first < rows; first += chunk) {
    const end = Math.min(first + chunk, rows);
    if (end > keptRows) break;
    sizes.push((end - first) * ofRow);
  }
  return sizes;
}

/** … dTargetLogProb, dMeanLogProb, dSum0, dSum1 … [rows] → dFeatures, dWeights. */
const classifierStatisticsGrad = kernel<string, StatisticsAttributes>(
  'ClassifierStatisticsGrad',
  ({ inputs, attrs, backend }) => {
    const { features, weights, targets } = inputs as Record<'features' | 'weights' | 'targets', TensorInfo>;
    const { rows, embed, classes } = checkClassifier(features, weights, targets);
    const functions = functionFields(attrs.sums);
    const rowGradient = (name: string): Float32Array => {
      checkSize(name, inputs[name], [rows]);
      return backend.floats(inputs[name]!);
    };
    const dFeatures = backend.output(features.shape);
    const dWeights = backend.gradientOutput(weights, attrs.collected?.weights);
    addon().classifierStatisticsGrad({
      features: backend.floats(features),
      weights: backend.floats(weights),
      targets: backend.integers(targets),
      dTargetLogProb: rowGradient('dTargetLogProb'),
      dMeanLogProb: rowGradient('dMeanLogProb'),
      kept: backend.kept(attrs.call),
      dSums: attrs.sums.map((_, index) => rowGradient(`dSum${index}`)),
      dFeatures: backend.floats(dFeatures),
      dWeights: dWeights.values,
      functions,
      ...{ rows, embed, classes, functionCount: attrs.sums.length, chunk: chunkRows(rows, classes) },
      accumulateWeights: dWeights.accumulate,
    });
    return [dFeatures, dWeights.info];
  },
  ({ features, weights }) => 4 * sizeOf(features!.shape) * weights!.shape[0]!,
);

export const classifierStatisticsKernels = [classifierStatistics, classifierStatisticsGrad];
