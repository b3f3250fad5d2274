import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCheckpoint, loadMetadata, saveCheckpoint } from '../../../src/checkpoint/checkpoint.js';
import { crc32 } from '../../../src/checkpoint/fairseq/crc32.js';
import { pickle } from '../../../src/checkpoint/fairseq/pickler.js';
import { Budget } from '../../../src/checkpoint/fairseq/plain-data.js';
import { fromTypedJson, toTypedJson } from '../../../src/checkpoint/fairseq/python-json.js';
import {
  OrderedDict,
  type PythonDict,
  PythonFloat,
  PythonObject,
  PythonTuple,
  type PythonValue,
  TensorReference,
} from '../../../src/checkpoint/fairseq/python-values.js';
import { withTorchFile } from '../../../src/checkpoint/fairseq/torch-file.js';
import { zipChunks } from '../../../src/checkpoint/fairseq/zip-writer.js';
import { fromBfloat16, fromHalf, toBfloat16, toHalf } from '../../../src/checkpoint/half.js';
import { fromJsonText, type Json, toJsonText } from '../../../src/checkpoint/json-text.js';
import type { NamedTensor } from '../../../src/checkpoint/safetensors-header.js';
import type { Checkpoint } from '../../../src/checkpoint/stored-checkpoint.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { sampleMetadata, vector } from '../sample.js';
import { GOLDEN_CHECKPOINTS, golden } from './golden.js';

const folder = temporaryFolder();
let files = 0;
const newFile = (extension = '.pt'): string => join(folder, `file${++files}${extension}`);

/** Loads a checkpoint and saves it in the other format. */
function convert(from: string, to: string): string {
  saveCheckpoint(to, loadCheckpoint(from, { optimizer: true }));
  return to;
}

/** Everything in a file of torch.save, tensors by their values. */
function contentOf(file: string): unknown {
  return withTorchFile(file, ({ root, read }) => {
    const values = (value: PythonValue): unknown => {
      if (value instanceof TensorReference) return { ...read(value), storage: value.storage.dtype };
      if (value instanceof Map) return [value.constructor.name, ...[...value].map((pair) => pair.map(values as never))];
      if (value instanceof PythonObject) return [value.className, values(value.state)];
      if (value instanceof PythonTuple) return { tuple: value.items.map(values) };
      return Array.isArray(value) ? value.map(values as never) : value;
    };
    return values(root);
  });
}

describe("a checkpoint of fairseq's", () => {
  it('is restored from our format with all its contents', () => {
    const [ours, back] = [newFile(''), newFile()];
    convert(convert(golden('fairseq-main.pt'), ours), back);
    expect(contentOf(back)).toEqual(contentOf(golden('fairseq-main.pt')));
  });

  it.each(GOLDEN_CHECKPOINTS)('does not change in a round trip: %s', (name) => {
    const [ours, back] = [newFile(''), newFile()];
    convert(convert(golden(`fairseq-${name}.pt`), ours), back);
    const first = loadCheckpoint(golden(`fairseq-${name}.pt`), { optimizer: true });
    const second = loadCheckpoint(back, { optimizer: true });
    expect(second.weights).toEqual(first.weights);
    expect(second.optimizer).toEqual(first.optimizer);
    expect(second.metadata).toMatchObject({
      ...first.metadata,
      fairseq: { precision: first.metadata.fairseq!.precision },
    });
  });

  it('stays in half precision, with one vector of moments', () => {
    const back = convert(convert(golden('fairseq-fp16.pt'), newFile('')), newFile());
    withTorchFile(back, ({ root }) => {
      const [model, optimizer] = ['model', 'last_optimizer_state'].map(
        (key) => (root as PythonDict).get(key) as PythonDict,
      );
      const dtypes = [...model!.values()].map((tensor) => (tensor as TensorReference).storage.dtype);
      expect(new Set(dtypes)).toEqual(new Set(['F16']));
      const state = optimizer!.get('state') as PythonDict;
      expect([...state.keys()]).toEqual([0]);
      expect([...(state.get(0) as PythonDict).keys()].sort()).toEqual(['exp_avg', 'exp_avg_sq', 'step']);
    });
  });
});

const step: NamedTensor = { dtype: 'I64', shape: [], data: BigInt64Array.of(381n) };
const vectorOf = (value: number): NamedTensor => ({ dtype: 'F32', shape: [], data: Float32Array.of(value) });
const f32 = fc.float({ noNaN: false }).map(Math.fround);
const tensor = fc.array(f32, { maxLength: 6 }).map((values) => vector(...values));
const name = fc.constantFrom(
  'encoder.embed_tokens.weight',
  'encoder.layers.0.self_attn.q_proj.weight',
  'encoder.layers.0.self_attn.k_proj.weight',
  'encoder.layers.10.fc1.bias',
  'encoder.layers.9.fc1.bias',
  'decoder.embed_tokens.weight',
  'decoder.output_projection.weight',
  'decoder.layers.0.encoder_attn.out_proj.bias',
  'plugin.thing',
);
const checkpoint: fc.Arbitrary<Checkpoint> = fc
  .record({
    weights: fc.array(fc.tuple(name, tensor), { minLength: 1, maxLength: 6 }).map((entries) => new Map(entries)),
    hasOptimizer: fc.boolean(),
    metadata: fc.record({
      arch: fc.constantFrom('transformer', 'transformer_tiny', null),
      dropout: fc.double(),
      language: fc.string(),
      isEnd: fc.boolean(),
    }),
  })
  .map(({ weights, hasOptimizer, metadata: { arch, dropout, language, isEnd } }) => {
    const moments = [...weights].flatMap(([key, { shape, data }]) =>
      ['exp_avg', 'exp_avg_sq'].map((kind): [string, NamedTensor] => [
        `${kind}.${key}`,
        { dtype: 'F32', shape, data: data.slice() },
      ]),
    );
    return {
      weights,
      optimizer: hasOptimizer ? new Map<string, NamedTensor>([...moments, ['step', step]]) : null,
      metadata: {
        ...sampleMetadata,
        arch,
        options: { ...sampleMetadata.options, dropout, optimizer: 'adam', criterion: 'cross_entropy', lr: [0.5, 1] },
        languages: { source: language, target: null },
        training: isEnd ? null : sampleMetadata.training,
      },
    };
  });

describe('one of our checkpoints', () => {
  it("is restored bit for bit from fairseq's format", () => {
    fc.assert(
      fc.property(checkpoint, (sample) => {
        const [ours, back] = [join(folder, 'ours'), join(folder, 'back')];
        saveCheckpoint(ours, sample);
        convert(convert(ours, join(folder, 'theirs.pt')), back);
        expect(readFileSync(`${back}.safetensors`).equals(readFileSync(`${ours}.safetensors`))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  const options = {
    ...{ arch: 'transformer_tiny', criterion: 'label_smoothed_cross_entropy', labelSmoothing: 0, optimizer: 'adam' },
    ...{ adamBetas: [0.9, 0.98], adamEps: 1e-8, weightDecay: 0, lr: [1], lrScheduler: 'inverse_sqrt', seed: 7 },
    ...{ encoderEmbedDim: 64, decoderEmbedDim: null, shareAllEmbeddings: true, updateFreq: [2], clipNorm: 1 },
    ...{ warmupUpdates: 4, mine: 'x' },
  };
  const saved = newFile();
  const moments = ['exp_avg', 'exp_avg_sq'].flatMap((kind) =>
    ['decoder.layers.0.fc1.bias', 'encoder.embed_tokens.weight'].map(
      (key) => [`${kind}.${key}`, vector(1, 2)] as const,
    ),
  );
  saveCheckpoint(saved, {
    metadata: {
      ...sampleMetadata,
      options,
      training: {
        ...sampleMetadata.training!,
        iterator: { epoch: 4, iterationsInEpoch: 0, shuffle: true },
        meters: { train: { n_correct: [4, 9, 2], loss: [1, 2, 3] }, train_inner: {} },
      },
    },
    weights: new Map([
      ['decoder.layers.0.fc1.bias', vector(3, 4)],
      ['encoder.embed_tokens.weight', vector(1, 2)],
    ]),
    optimizer: new Map<string, NamedTensor>([...moments, ['step', step]]),
  });
  const get = (root: PythonValue, ...keys: (string | number)[]): PythonValue =>
    keys.reduce<PythonValue>((value, key) => {
      if (value instanceof PythonObject) return get(value.state, key);
      if (value instanceof PythonTuple) return value.items[key as number]!;
      return (value instanceof Map ? (value as PythonDict).get(key) : (value as PythonValue[])[key as number]) ?? null;
    }, root);

  it("has fairseq's parameters in fairseq's order, tied tables and versions", () => {
    withTorchFile(saved, ({ root, read }) => {
      const model = (root as PythonDict).get('model') as PythonDict;
      expect(model).toBeInstanceOf(OrderedDict);
      const [table, fc1, version] = [vector(1, 2), vector(3, 4), vector(3)];
      expect([...model].map(([key, value]) => [key, read(value as TensorReference)])).toEqual([
        ['encoder.version', version],
        ['encoder.embed_tokens.weight', table],
        ['decoder.version', version],
        ['decoder.embed_tokens.weight', table],
        ['decoder.layers.0.fc1.bias', fc1],
        ['decoder.output_projection.weight', table],
      ]);
      const [encoder, decoder] = ['encoder', 'decoder'].map((side) => model.get(`${side}.embed_tokens.weight`));
      expect((encoder as TensorReference).sameAs(decoder as TensorReference)).toBe(true);
    });
  });

  it('has what fairseq requires to open it and resume training', () => {
    withTorchFile(saved, ({ root, read }) => {
      const at = (...keys: (string | number)[]): PythonValue => get(root, ...keys);
      expect(at('args')).toBeNull();
      expect((at('cfg', 'model') as PythonObject).className).toBe('argparse.Namespace');
      expect(at('cfg', 'model', '_name')).toBe('transformer_tiny');
      expect(at('cfg', 'model', 'decoder_embed_dim')).toBe(64);
      expect(at('cfg', 'model', 'share_decoder_input_output_embed')).toBe(true);
      expect(at('cfg', 'model', 'mine')).toBe('x');
      expect(at('cfg', 'task', '_name')).toBe('translation');
      expect(at('cfg', 'task', 'source_lang')).toBe('de');
      expect(at('cfg', 'optimization', 'lr')).toEqual([new PythonFloat(1)]);
      expect(at('cfg', 'optimization', 'update_freq')).toEqual([2]);
      expect(at('cfg', 'optimization', 'clip_norm')).toEqual(new PythonFloat(1));
      expect(at('cfg', 'optimizer', 'adam_betas')).toBe('(0.9, 0.98)');
      expect(at('cfg', 'criterion', 'label_smoothing')).toEqual(new PythonFloat(0));
      expect(at('cfg', 'common', 'seed')).toBe(7);
      expect(at('optimizer_history', 0, 'criterion_name')).toBe('LabelSmoothedCrossEntropyCriterion');
      expect(at('optimizer_history', 0, 'optimizer_name')).toBe('FairseqAdam');
      expect(at('optimizer_history', 0, 'num_updates')).toBe(381);
      expect(at('extra_state', 'train_iterator', 'epoch')).toBe(4);
      expect(at('extra_state', 'best')).toBe(-0.25);
      expect(at('extra_state', 'metrics', 'default', 0, 1)).toBe('wall');
      expect(at('extra_state', 'metrics', 'train', 0, 1)).toBe('loss');
      expect(at('extra_state', 'metrics', 'train', 1, 1)).toBe('n_correct');
      expect(at('extra_state', 'metrics', 'train', 1, 3, 'sum')).toEqual(new PythonFloat(9));
      expect(at('extra_state', 'metrics', 'train', 1, 3, 'round')).toBeNull();
      expect(at('last_optimizer_state', 'param_groups', 0, 'params')).toEqual([0, 1]);
      expect(at('last_optimizer_state', 'state', 1, 'step')).toBe(381);
      expect(read(at('last_optimizer_state', 'state', 1, 'exp_avg') as TensorReference)).toEqual(vector(1, 2));
    });
  });

  it.each([
    ['adam', 12, 'amsgrad'],
    ['sgd', null, 'dampening'],
    ['nag', null, 'lr_old'],
    ['adagrad', vectorOf(12), 'lr_decay'],
    ['adadelta', vectorOf(12), 'rho'],
    ['adamax', 12, 'bias_correction'],
    ['adafactor', 12, 'clip_threshold'],
    ['lamb', 12, 'grad_averaging'],
  ])('has the state of %s with the steps and settings of fairseq', (optimizer, count, setting) => {
    const path = newFile();
    const tensors = new Map<string, NamedTensor>([
      ['momentum.source.weight', vector(1)],
      ['lr_old', { dtype: 'F64', shape: [], data: Float64Array.of(0.1) }],
      ['step', { dtype: 'I64', shape: [], data: BigInt64Array.of(12n) }],
    ]);
    saveCheckpoint(path, {
      metadata: {
        ...sampleMetadata,
        options: { optimizer, lr: [0.5] },
        training: { ...sampleMetadata.training!, updates: 12 },
      },
      weights: new Map([['source.weight', vector(2)]]),
      optimizer: tensors,
    });
    withTorchFile(path, ({ root, read }) => {
      const step = get(root, 'last_optimizer_state', 'state', 0, 'step');
      expect(step instanceof TensorReference ? read(step) : step).toEqual(count);
      expect([...(get(root, 'last_optimizer_state', 'param_groups', 0) as PythonDict).keys()]).toContain(setting);
    });
    expect(loadCheckpoint(path, { optimizer: true }).optimizer).toEqual(tensors);
  });

  it.each([
    ['the best value that reduce_lr_on_plateau has seen', { lrScheduler: 'reduce_lr_on_plateau' }, 2.5, 2.5],
    ['an infinite one before it has seen any', { lrScheduler: 'reduce_lr_on_plateau' }, null, Infinity],
    [
      'the other infinity where it maximizes',
      { lrScheduler: 'reduce_lr_on_plateau', maximizeBestCheckpointMetric: true },
      null,
      -Infinity,
    ],
    ['none for another schedule', { lrScheduler: 'fixed' }, null, null],
  ])('has %s, as fairseq does', (_, options, best, written) => {
    const path = newFile();
    const lrScheduler = { rate: 0.5, best, epochsSince: 0 };
    saveCheckpoint(path, {
      metadata: { ...sampleMetadata, options, training: { ...sampleMetadata.training!, lrScheduler } },
      weights: new Map([['source.weight', vector(2)]]),
      optimizer: null,
    });
    withTorchFile(path, ({ root }) => {
      const found = get(root, 'optimizer_history', 0, 'lr_scheduler_state', 'best');
      expect(found instanceof PythonFloat ? found.value : found).toEqual(written);
    });
  });

  it('keeps the moving average of its weights, for us and for fairseq', () => {
    const path = newFile();
    const ema = new Map([['encoder.embed_tokens.weight', vector(0.5, 1)]]);
    const weights = new Map([['encoder.embed_tokens.weight', vector(1, 2)]]);
    saveCheckpoint(path, { metadata: sampleMetadata, weights, optimizer: null, ema });
    expect(loadCheckpoint(path, { optimizer: false, ema: true }).ema).toEqual(ema);
    expect(loadCheckpoint(path, { optimizer: false })).not.toHaveProperty('ema');
    withTorchFile(path, ({ root }) => {
      const average = get(root, 'extra_state', 'ema') as PythonDict;
      expect([...average.keys()]).toEqual([...(get(root, 'model') as PythonDict).keys()]);
    });
  });

  it('is replaced only when the new one is complete', () => {
    expect(readdirSync(folder).filter((file) => file.endsWith('.unfinished'))).toEqual([]);
    writeFileSync(join(folder, 'blocker'), '');
    const sample = { metadata: sampleMetadata, weights: new Map(), optimizer: null };
    expect(() => saveCheckpoint(join(folder, 'blocker', 'x.pt'), sample)).toThrow('its folder is a file');
  });

  it('with a damaged entry of ours still has the data of fairseq', () => {
    const bytes = readFileSync(saved);
    const at = bytes.indexOf('"arch":"transformer_tiny"');
    bytes.write('!', at);
    const damaged = newFile();
    writeFileSync(damaged, bytes);
    expect(loadMetadata(damaged)).toMatchObject({ arch: 'transformer_tiny', dictionaries: {}, version: 'fairseq' });
  });
});

describe('a Python value', () => {
  const { value } = fc.letrec<{ value: PythonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, false),
      fc.maxSafeInteger(),
      fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }).filter((big) => !Number.isSafeInteger(Number(big))),
      fc.double().filter((number) => !Number.isInteger(number)),
      fc.integer().map((number) => new PythonFloat(number)),
      fc.constant(new PythonFloat(-0)),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array(),
      fc.array(tie('value')),
      fc.array(tie('value')).map((items) => new PythonTuple(items)),
      fc.array(fc.tuple(fc.string(), tie('value'))).map((entries) => new Map(entries)),
      fc.array(fc.tuple(fc.integer(), tie('value'))).map((entries) => new OrderedDict(entries)),
      fc.tuple(fc.array(tie('value')), tie('value'), fc.constantFrom('call', 'new')).map(([args, state, made]) => {
        const object = new PythonObject('some.module.Class', args, made as 'call');
        object.state = state;
        return object;
      }),
    ),
  }));

  it('is restored unchanged from a pickle', () => {
    fc.assert(
      fc.property(value, (sample) => {
        const bytes = pickle(sample, () => '0');
        const file = join(folder, 'value.pt');
        writeFileSync(file, Buffer.concat([...zipChunks([['x/data.pkl', bytes]])]));
        withTorchFile(file, ({ root }) => expect(root).toEqual(sample));
      }),
      { numRuns: 200 },
    );
  });

  it('is restored unchanged from the metadata of a checkpoint', () => {
    const noTensor = (): never => {
      throw new Error('there is none');
    };
    fc.assert(
      fc.property(value, (sample) => {
        const json = toTypedJson(sample, noTensor, new Budget((what) => new Error(what)));
        expect(fromTypedJson(fromJsonText(toJsonText(json)) as Json)).toEqual(sample);
      }),
    );
  });
});

describe('half precision', () => {
  const bits = Uint16Array.from({ length: 1 << 16 }, (_, index) => index);
  const isNumber = (values: Float32Array) => (_: number, index: number) => !Number.isNaN(values[index]);

  it('is restored unchanged from float32, for every number', () => {
    const halves = fromHalf(bits);
    expect(toHalf(halves).filter(isNumber(halves))).toEqual(bits.filter(isNumber(halves)));
    const brain = fromBfloat16(bits);
    expect(toBfloat16(brain)).toEqual(bits);
  });

  it('agrees with the standard', () => {
    expect([...fromHalf(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 1, 0x7c00, 0x8000))]).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      Number.POSITIVE_INFINITY,
      -0,
    ]);
    expect([...fromBfloat16(Uint16Array.of(0x3f80, 0xc000))]).toEqual([1, -2]);
  });
});

it('CRC-32 has the check value of the catalogue of CRCs', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array())).toBe(0);
});
