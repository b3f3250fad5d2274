import { describe, expect, it } from 'vitest';
import { loadCheckpoint, loadMetadata } from '../../../src/checkpoint/checkpoint.js';
import { type FairseqParameter, parametersOf } from '../../../src/checkpoint/fairseq/parameters.js';
import { Budget } from '../../../src/checkpoint/fairseq/plain-data.js';
import {
  type PythonDict,
  PythonTuple,
  type PythonValue,
  StorageReference,
  TensorReference,
} from '../../../src/checkpoint/fairseq/python-values.js';
import { recordedOptions } from '../../../src/checkpoint/fairseq/recorded-options.js';
import { trainingState } from '../../../src/checkpoint/fairseq/training-state.js';
import type { Json } from '../../../src/checkpoint/json-text.js';
import { GOLDEN_CHECKPOINTS, golden, goldenTensors } from './golden.js';

const file = (name: string): string => golden(`fairseq-${name}.pt`);

describe.each(GOLDEN_CHECKPOINTS)('the checkpoint of fairseq fairseq-%s.pt', (name) => {
  it('has the weights with current names, tied ones once, as float32', () => {
    expect(loadCheckpoint(file(name), { optimizer: false })).toMatchObject({ optimizer: null });
    expect(loadCheckpoint(file(name), { optimizer: false }).weights).toEqual(goldenTensors(name).weights);
  });

  it("has the optimizer's state by parameter", () => {
    const { optimizer } = loadCheckpoint(file(name), { optimizer: true });
    const step = { main: 7n, fp16: 11n, old: 2n }[name];
    const expected = goldenTensors(name).optimizer;
    expected.set('step', { dtype: 'I64', shape: [], data: BigInt64Array.of(step) });
    expect(optimizer).toEqual(expected);
  });
});

describe('the training state of a fairseq checkpoint', () => {
  it('is read from cfg, within an epoch with its averages', () => {
    const { fairseq: _, ...metadata } = loadMetadata(file('main'));
    expect(metadata).toMatchObject({
      arch: 'transformer_tiny',
      languages: { source: 'de', target: 'en' },
      dictionaries: {},
      training: {
        epoch: 2,
        updates: 7,
        iterator: { epoch: 2, iterationsInEpoch: 4, shuffle: true },
        bestMetric: 9.125,
        seed: 3,
        meters: { train: { loss: [7.5, 1200, 150], wpb: [75, 150, 2] }, train_inner: {} },
      },
      options: {
        encoderEmbedDim: 4,
        dropout: 0.25,
        criterion: 'label_smoothed_cross_entropy',
        labelSmoothing: 0.1,
        adamBetas: [0.9, 0.98],
        lr: [0.005],
        updateFreq: [2],
        lrScheduler: 'inverse_sqrt',
        warmupUpdates: 20,
        shareAllEmbeddings: true,
        maxSourcePositions: 1024,
      },
    });
  });

  it("is read from OmegaConf's containers, at the end of an epoch", () => {
    expect(loadMetadata(file('fp16'))).toMatchObject({
      arch: 'transformer_tiny',
      options: { encoderFfnEmbedDim: 6, decoderAttentionHeads: 2, lr: [0.001], criterion: 'cross_entropy' },
      training: { epoch: 2, iterator: { epoch: 3, iterationsInEpoch: 0 }, bestMetric: 2.5, updates: 11 },
    });
  });

  it('is read from the args of old versions', () => {
    expect(loadMetadata(file('old'))).toMatchObject({
      arch: 'transformer',
      options: { leftPadSource: true, leftPadTarget: false, batchSize: 8, activationDropout: 0.125, optimizer: 'adam' },
      training: { epoch: 1, bestMetric: 4.5, updates: 2 },
    });
  });
});

const dict = (values: Readonly<Record<string, PythonValue>>): PythonDict => new Map(Object.entries(values));

describe("the state of fairseq's reduce_lr_on_plateau", () => {
  it.each([
    ['the best value', 4.5, 4.5],
    ['none before the first, where it is infinite', Number.POSITIVE_INFINITY, null],
    ['none where a larger one is better', Number.NEGATIVE_INFINITY, null],
  ])('is %s', (_, best, expected) => {
    const root = dict({
      optimizer_history: [dict({ num_updates: 5, lr_scheduler_state: dict({ best, last_epoch: 0 }) })],
      extra_state: dict({ train_iterator: dict({ epoch: 1, iterations_in_epoch: 5 }) }),
      last_optimizer_state: dict({ param_groups: [dict({ lr: 0.5 })] }),
    });
    const budget = new Budget((what) => new Error(what));
    const state = trainingState(root, { lrScheduler: 'reduce_lr_on_plateau' }, budget, () =>
      expect.fail('no tensor is read'),
    );
    expect(state).toMatchObject({ bestMetric: expected, lrScheduler: { rate: 0.5, best: expected, epochsSince: 0 } });
  });
});

describe('the averages of a run within an epoch', () => {
  const meter = (name: string, kind: string, sum: number, count: number): PythonTuple =>
    new PythonTuple([10, name, kind, dict({ val: 3, sum, count, round: null })]);
  const stateWith = (...train: PythonTuple[]): PythonDict =>
    dict({
      optimizer_history: [dict({ num_updates: 5 })],
      extra_state: dict({
        train_iterator: dict({ epoch: 1, iterations_in_epoch: 5 }),
        metrics: dict({ train, train_inner: [] }),
      }),
    });
  const meters = (...train: PythonTuple[]): unknown =>
    trainingState(stateWith(...train), {}, new Budget((what) => new Error(what)), () =>
      expect.fail('no tensor is read'),
    )?.meters;

  it("include the criterion's own metrics", () => {
    expect(meters(meter('nll_loss', 'AverageMeter', 12, 4), meter('n_correct', 'AverageMeter', 9, 5))).toEqual({
      train: { nll_loss: [3, 12, 4], n_correct: [3, 9, 5] },
      train_inner: {},
    });
  });

  it("have nll_loss for fairseq's cross_entropy, which only reports the loss", () => {
    expect(meters(meter('loss', 'AverageMeter', 12, 4))).toEqual({
      train: { loss: [3, 12, 4], nll_loss: [3, 12, 4] },
      train_inner: {},
    });
  });

  it('do not include rates and meters without weight', () => {
    expect(meters(meter('wps', 'TimeMeter', 12, 4), meter('lr', 'AverageMeter', 0, 0))).toEqual({
      train: {},
      train_inner: {},
    });
  });
});

describe('options from args and cfg', () => {
  const options = (args: Json, cfg: Json = null) => recordedOptions(args, cfg, 'x.pt');

  it.each([
    ['a width of its own', { decoder_output_dim: 8, decoder_embed_dim: 16 }, '--decoder-output-dim 8'],
    ['an adaptive softmax', { adaptive_softmax_cutoff: '100,200' }, '--adaptive-softmax-cutoff 100,200'],
    ['no attention to the source', { no_cross_attention: true }, '--no-cross-attention true'],
    ['pruned layers', { encoder_layers_to_keep: '0,2' }, '--encoder-layers-to-keep 0,2'],
  ])('refuse a model with %s', (_, args, what) => {
    expect(() => options(args)).toThrow(`x.pt was trained with ${what}, which is not supported; use a checkpoint of`);
  });

  it('are empty if a file has neither', () => {
    expect(options(null)).toMatchObject({ arch: null, languages: { source: null, target: null }, options: {} });
  });

  it('in args take precedence over cfg, as in fairseq', () => {
    expect(options({ arch: 'a', dropout: 0.5 }, { model: { _name: 'b', dropout: 0.1 } })).toMatchObject({
      arch: 'a',
      options: { dropout: 0.5 },
    });
  });
});

describe('the parameters of a state', () => {
  const tensor = (key: string, ...shape: number[]) =>
    new TensorReference(
      new StorageReference('F32', key, 0, 100),
      0,
      shape,
      shape.map(() => 1),
    );
  const untied = { all: false, decoder: false };

  it.each([
    ['by the options of all tables', { all: true, decoder: true }, 'b', 'c', []],
    ['by the options of the decoder', { all: false, decoder: true }, 'b', 'c', ['decoder.embed_tokens.weight']],
    ['by their storages', untied, 'a', 'a', []],
    ['not at all', untied, 'b', 'c', ['decoder.embed_tokens.weight', 'decoder.output_projection.weight']],
  ])('omit tables that are tied %s', (_, sharing, decoder, output, left) => {
    const model = new Map([
      ['encoder.version', tensor('v', 1)],
      ['encoder.embed_tokens.weight', tensor('a', 5, 4)],
      ['decoder.embed_tokens.weight', tensor(decoder, 5, 4)],
      ['decoder.output_projection.weight', tensor(output, 5, 4)],
    ]);
    const names = parametersOf(model, sharing).map(({ name }) => name);
    expect(names).toEqual(['encoder.embed_tokens.weight', ...left]);
  });

  it.each([
    [
      'tied to the decoder’s',
      { all: false, decoder: true },
      ['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'],
    ],
    ['tied to all tables', { all: true, decoder: true }, ['encoder.embed_tokens.weight']],
  ])('may lack an output table that is %s, as in old versions', (_, sharing, expected) => {
    const model = new Map([
      ['encoder.embed_tokens.weight', tensor('a', 5, 4)],
      ['encoder.embed_positions._float_tensor', tensor('f', 1)],
      ['decoder.embed_tokens.weight', tensor(sharing.all ? 'a' : 'b', 5, 4)],
    ]);
    expect(parametersOf(model, sharing).map(({ name }) => name)).toEqual(expected);
  });

  it.each([
    ['encoder', 0, 'self_attn_layer_norm'],
    ['encoder', 1, 'final_layer_norm'],
    ['decoder', 0, 'self_attn_layer_norm'],
    ['decoder', 1, 'encoder_attn_layer_norm'],
    ['decoder', 2, 'final_layer_norm'],
  ])('rename the norm %s.layers.12.layer_norms.%i to its current name', (side, index, today) => {
    const model = new Map(
      ['weight', 'bias'].map((part) => [`${side}.layers.12.layer_norms.${index}.${part}`, tensor(part, 4)] as const),
    );
    const names = parametersOf(model, untied).flatMap(({ parts }) => parts.map(({ name }) => name));
    expect(names).toEqual(['weight', 'bias'].map((part) => `${side}.layers.12.${today}.${part}`));
  });

  it('split a stacked projection into query, key and value', () => {
    const name = 'decoder.layers.3.encoder_attn.in_proj_weight';
    const [{ parts }] = parametersOf(new Map([[name, tensor('p', 12, 4)]]), untied) as [FairseqParameter];
    expect(parts).toEqual(
      ['q', 'k', 'v'].map((projection, index) => ({
        name: `decoder.layers.3.encoder_attn.${projection}_proj.weight`,
        firstRow: 4 * index,
        rows: 4,
      })),
    );
  });
});
