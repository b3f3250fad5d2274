import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averageCheckpoints, WeightAverage } from '../../src/checkpoint/average.js';
import { type AverageSelection, selectForAverage } from '../../src/checkpoint/average-selection.js';
import { loadCheckpoint, loadMetadata, saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import type { NamedTensor } from '../../src/checkpoint/safetensors-header.js';
import { UserError } from '../../src/errors.js';
import { log } from '../../src/log.js';
import { expectFairseqAverage } from '../helpers/fairseq-average.js';
import { goldenWeights } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { golden } from './fairseq/golden.js';
import { sampleCheckpoint, sampleMetadata, vector } from './sample.js';

const root = temporaryFolder();

function meanOf(...all: ReadonlyMap<string, NamedTensor>[]): Map<string, NamedTensor> {
  const average = new WeightAverage();
  for (const [index, weights] of all.entries()) average.add(weights, `checkpoint${index + 1}`);
  return average.mean();
}

describe('the mean of checkpoints', () => {
  it("equals fairseq's average of initial, update20 and trained", () => {
    const names = ['initial', 'update20', 'trained'] as const;
    expectFairseqAverage(meanOf(...names.map(goldenWeights)));
  });

  it('of equal checkpoints is bit for bit the same', () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, minLength: 1 }), fc.integer({ min: 1, max: 12 }), (data, count) => {
        const weights = new Map<string, NamedTensor>([['w', { dtype: 'F32', shape: [data.length], data }]]);
        const mean = meanOf(...Array.from({ length: count }, () => weights)).get('w')!;
        expect(Buffer.from(mean.data.buffer)).toEqual(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      }),
      { examples: [[Float32Array.of(-0, 2 ** -149, 3.4e38), 3]] },
    );
  });

  it('is a checkpoint with the options of the first, without optimizer and training state', () => {
    const stems = ['a', 'b'].map((name) => join(root, name));
    saveCheckpoint(stems[0]!, sampleCheckpoint(1, 2));
    saveCheckpoint(stems[1]!, sampleCheckpoint(3, 5));
    averageCheckpoints(stems, join(root, 'mean'));
    expect(loadCheckpoint(join(root, 'mean'), { optimizer: true })).toEqual({
      metadata: { ...sampleMetadata, training: null, averageOf: stems },
      weights: new Map([['encoder.embed_tokens.weight', vector(2, 3.5)]]),
      optimizer: null,
    });
  });

  it.each([
    ['a parameter is missing', new Map([['a', vector(1)]]), 'checkpoint2 has no b'],
    ['there is another parameter', new Map([...['a', 'b', 'c'].map((name) => [name, vector(1)] as const)]), 'has c'],
    [
      'shapes differ',
      new Map([
        ['a', vector(1)],
        ['b', vector(1, 2)],
      ]),
      'b has shape \\[2\\] in checkpoint2 and \\[1\\]',
    ],
    [
      'integers stand among the weights',
      new Map<string, NamedTensor>([
        ['a', { dtype: 'I32', shape: [1], data: Int32Array.of(1) }],
        ['b', vector(1)],
      ]),
      'only float32',
    ],
  ])('is refused when %s', (_, other: Map<string, NamedTensor>, message) => {
    const first = new Map([
      ['a', vector(1)],
      ['b', vector(1)],
    ]);
    expect(() => meanOf(first, other)).toThrow(UserError);
    expect(() => meanOf(first, other)).toThrow(new RegExp(message));
  });

  it("of float16 files is float32 in fairseq's format, as in fairseq's own averages", () => {
    const half = golden('fairseq-fp16.pt');
    const other = join(root, 'other');
    const weights = new Map(
      [...loadCheckpoint(half, { optimizer: false }).weights].map(([name, tensor]) => [
        name,
        { ...tensor, data: Float32Array.from(tensor.data as Float32Array, (value) => value + 2 ** -16) },
      ]),
    );
    saveCheckpoint(other, { metadata: loadMetadata(half), weights, optimizer: null });
    const output = join(root, 'mean.pt');
    averageCheckpoints([half, other], output);
    const mean = meanOf(...[half, other].map((stem) => loadCheckpoint(stem, { optimizer: false }).weights));
    expect(loadCheckpoint(output, { optimizer: false }).weights).toEqual(mean);
  });

  it('is refused across dictionaries', () => {
    const other = { ...sampleCheckpoint(1), metadata: { ...sampleMetadata, dictionaries: { de: 'aa', en: 'cc' } } };
    saveCheckpoint(join(root, 'one'), sampleCheckpoint(1));
    saveCheckpoint(join(root, 'two'), other);
    const average = () => averageCheckpoints([join(root, 'one'), join(root, 'two')], join(root, 'none'));
    expect(average).toThrow(/two has another dictionary of 'en'/);
  });
});

describe('the selection for an average', () => {
  const folder = join(root, 'checkpoints');
  const names = [
    'checkpoint2',
    'checkpoint9',
    'checkpoint10',
    'checkpoint_2_1000',
    'checkpoint_9_4500',
    'checkpoint_last',
  ];
  const bestNames = ['checkpoint.best_loss_2.5', 'checkpoint.best_loss_2.25', 'checkpoint.best_loss_2.75'];
  for (const name of [...names, ...bestNames]) saveCheckpoint(join(folder, name), sampleCheckpoint(1));

  const select = (selection: Partial<AverageSelection>): string[] =>
    selectForAverage({
      inputs: [folder],
      numEpochCheckpoints: null,
      numUpdateCheckpoints: null,
      numBestCheckpoints: null,
      checkpointUpperBound: null,
      ...selection,
    });

  it.each<[string, Partial<AverageSelection>, string[]]>([
    ['the last epochs, by number', { numEpochCheckpoints: 2 }, ['checkpoint10', 'checkpoint9']],
    ['the last epochs up to one', { numEpochCheckpoints: 2, checkpointUpperBound: 9 }, ['checkpoint9', 'checkpoint2']],
    ['the last updates', { numUpdateCheckpoints: 1 }, ['checkpoint_9_4500']],
    ['the last updates up to one', { numUpdateCheckpoints: 1, checkpointUpperBound: 4499 }, ['checkpoint_2_1000']],
    ['the last updates with the bound', { numUpdateCheckpoints: 1, checkpointUpperBound: 4500 }, ['checkpoint_9_4500']],
    ['the best', { numBestCheckpoints: 2 }, ['checkpoint.best_loss_2.25', 'checkpoint.best_loss_2.5']],
    [
      'the best of the files that are named',
      { numBestCheckpoints: 1, inputs: ['2.75', '2.5'].map((value) => join(folder, `checkpoint.best_loss_${value}`)) },
      ['checkpoint.best_loss_2.5'],
    ],
  ])('is %s', (_, selection, expected) => {
    expect(select(selection)).toEqual(expected.map((name) => join(folder, name)));
  });

  it('has the largest values if training maximized the metric, by value and not by name', () => {
    const options = { ...sampleMetadata.options, bestCheckpointMetric: 'bleu', maximizeBestCheckpointMetric: true };
    const maximized = join(root, 'maximized');
    for (const bleu of ['9.5', '38.46', '38.5'])
      saveCheckpoint(join(maximized, `checkpoint.best_bleu_${bleu}`), {
        ...sampleCheckpoint(1),
        metadata: { ...sampleMetadata, options },
      });
    const expected = ['38.5', '38.46'].map((bleu) => join(maximized, `checkpoint.best_bleu_${bleu}`));
    expect(select({ inputs: [maximized], numBestCheckpoints: 2 })).toEqual(expected);
    const files = [...expected].reverse().map((stem) => `${stem}.safetensors`);
    expect(select({ inputs: files, numBestCheckpoints: 1 })).toEqual([`${expected[0]}.safetensors`]);
  });

  it('warns if the best are chosen by losses of different criterions', () => {
    const mixed = join(root, 'mixed');
    for (const [loss, criterion] of Object.entries({ '2.5': 'cross_entropy', '2.25': 'encouraging' })) {
      const metadata = { ...sampleMetadata, options: { ...sampleMetadata.options, criterion } };
      saveCheckpoint(join(mixed, `checkpoint.best_loss_${loss}`), { ...sampleCheckpoint(1), metadata });
    }
    const warnings: unknown[] = [];
    const detach = log.attach(({ level, fields }) => void (level === 'warning' && warnings.push(fields.message)));
    select({ numBestCheckpoints: 1 });
    expect(warnings).toEqual([]);
    select({ inputs: [mixed], numBestCheckpoints: 1 });
    expect(warnings).toEqual([
      expect.stringContaining('losses of different criterions (encouraging, cross_entropy), which are not comparable'),
    ]);
    detach();
  });

  it('has the largest values of BLEU, whatever the options of training', () => {
    const folder = join(root, 'bleu');
    const options = { ...sampleMetadata.options, bestCheckpointMetric: 'bleu' };
    for (const bleu of ['9.5', '38.46'])
      saveCheckpoint(join(folder, `checkpoint.best_bleu_${bleu}`), {
        ...sampleCheckpoint(1),
        metadata: { ...sampleMetadata, options },
      });
    const expected = [join(folder, 'checkpoint.best_bleu_38.46')];
    expect(select({ inputs: [folder], numBestCheckpoints: 1 })).toEqual(expected);
  });

  it('has the listed checkpoints', () => {
    expect(select({ inputs: ['a', 'b'] })).toEqual(['a', 'b']);
  });

  it.each<[string, Partial<AverageSelection>, RegExp]>([
    ['no inputs', { inputs: [] }, /no checkpoints to average; give checkpoints or a folder with --inputs/],
    ['a folder alone', {}, /is a folder; add --num-epoch-checkpoints/],
    [
      'a bound with the best',
      { numBestCheckpoints: 1, checkpointUpperBound: 3 },
      /upper-bound has no effect on its own/,
    ],
    ['epochs and the best', { numEpochCheckpoints: 1, numBestCheckpoints: 1 }, /cannot be combined/],
    [
      'too few updates up to a bound',
      { numUpdateCheckpoints: 2, checkpointUpperBound: 1000 },
      /has 1 update checkpoints/,
    ],
    [
      'files without a value',
      { inputs: ['a', 'b'], numBestCheckpoints: 1 },
      /--inputs has 0 checkpoints of --keep-best/,
    ],
    ['two numbers', { numEpochCheckpoints: 1, numUpdateCheckpoints: 1 }, /cannot be combined/],
    ['a number of zero', { numEpochCheckpoints: 0 }, /--num-epoch-checkpoints is 0; it must be at least 1/],
    ['a bound alone', { inputs: ['a'], checkpointUpperBound: 3 }, /--checkpoint-upper-bound has no effect on its own/],
    ['a number with files', { inputs: ['a'], numEpochCheckpoints: 1 }, /--inputs is a; give one folder/],
    ['too few epochs', { numEpochCheckpoints: 4 }, /has 3 epoch checkpoints .*, but 4 are requested/],
    ['too few best', { numBestCheckpoints: 4 }, /has 3 checkpoints of --keep-best-checkpoints, but 4 are requested/],
  ])('is refused for %s', (_, selection, message) => {
    expect(() => select(selection)).toThrow(UserError);
    expect(() => select(selection)).toThrow(message);
  });
});
