import { UserError } from '../errors.js';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import type { NamedTensor } from './safetensors-header.js';
import type { Checkpoint } from './stored-checkpoint.js';
import { knowsDictionaries } from './vocabulary-check.js';

type Weights = ReadonlyMap<string, NamedTensor>;

interface Sum {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/**
 * Averages the weights of checkpoints. They are summed in float64 and rounded once to float32, so the mean of equal
 * checkpoints is bit for bit the same. (fairseq sums in float32; its results differ by rounding errors.)
 */
export class WeightAverage {
  readonly #sums = new Map<string, Sum>();
  #count = 0;

  /**
   * @param name of the checkpoint, for messages.
   * @throws UserError if its parameters differ from those of the others
   */
  add(weights: Weights, name: string): void {
    if (this.#count > 0) this.#checkNames(weights, name);
    for (const [parameter, { dtype, shape, data }] of weights) {
      if (!(data instanceof Float32Array)) {
        throw new UserError(`${parameter} in ${name} has the type ${dtype}`, 'only float32 weights can be averaged');
      }
      const sum = this.#sums.get(parameter);
      // Starting from the first value instead of 0 keeps the sign of −0.
      if (sum === undefined) this.#sums.set(parameter, { shape, values: Float64Array.from(data) });
      else accumulate(sum, data, shape, parameter, name);
    }
    this.#count++;
  }

  mean(): Map<string, NamedTensor> {
    return new Map(
      [...this.#sums].map(([parameter, { shape, values }]) => {
        const data = Float32Array.from(values, (value) => value / this.#count);
        return [parameter, { dtype: 'F32', shape, data }];
      }),
    );
  }

  #checkNames(weights: Weights, name: string): void {
    const missing = [...this.#sums.keys()].find((parameter) => !weights.has(parameter));
    const extra = [...weights.keys()].find((parameter) => !this.#sums.has(parameter));
    if (missing !== undefined) throw otherModel(`${name} has no ${missing}`);
    if (extra !== undefined) throw otherModel(`${name} has ${extra}, which the others do not have`);
  }
}

function accumulate(sum: Sum, data: Float32Array, shape: readonly number[], parameter: string, name: string): void {
  if (shape.join() !== sum.shape.join()) {
    throw otherModel(`${parameter} has shape [${shape.join(', ')}] in ${name} and [${sum.shape.join(', ')}] before`);
  }
  for (let index = 0; index < data.length; index++) sum.values[index]! += data[index]!;
}

const otherModel = (problem: string): UserError => new UserError(problem, 'average checkpoints of the same model');

/**
 * Averages checkpoints into a new one, reading one at a time. Options and dictionaries are those of the first
 * checkpoint. The optimizer's and the training state are omitted. The mean of float16 weights is float32, in fairseq's
 * files too.
 * @param stems at least one
 * @throws UserError if a checkpoint cannot be read, or the models or vocabularies differ
 */
export function averageCheckpoints(stems: readonly string[], output: string): void {
  const average = new WeightAverage();
  let metadata: Checkpoint['metadata'] | null = null;
  for (const stem of stems) {
    const checkpoint = loadCheckpoint(stem, { optimizer: false });
    metadata ??= checkpoint.metadata;
    checkSameDictionaries(metadata, checkpoint.metadata, stem);
    average.add(checkpoint.weights, stem);
  }
  if (metadata === null) throw new UserError('there are no checkpoints to average', 'give --inputs');
  const { fairseq } = metadata;
  saveCheckpoint(output, {
    metadata: {
      ...metadata,
      training: null,
      averageOf: stems,
      ...(fairseq === undefined ? {} : { fairseq: { ...fairseq, precision: 'F32' } }),
    },
    weights: average.mean(),
    optimizer: null,
  });
}

function checkSameDictionaries(first: Checkpoint['metadata'], other: Checkpoint['metadata'], stem: string): void {
  for (const [language, hash] of Object.entries(first.dictionaries)) {
    if (!knowsDictionaries({ metadata: other })) return; // fairseq's: only the shapes of the weights can be compared
    if (other.dictionaries[language] !== hash) throw otherModel(`${stem} has another dictionary of '${language}'`);
  }
}
