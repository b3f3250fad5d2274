import * as tf from '@tensorflow/tfjs';
import type { CudaBackend } from 'tfjs-backend-cuda';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDevice } from '../../../src/devices/index.js';
import type { TranslationModel } from '../../../src/plugins/model.js';
import {
  BEAM,
  build,
  CHOICES,
  choices,
  composite,
  disposeModels,
  dropsMost,
  EOS,
  fused,
  fusedFeatures,
  LENGTHS,
  largestDifference,
  MANY,
  MODELS,
  type SearchStep,
  sentences,
  steps,
} from '../../../test/helpers/fused-search.js';
import { buildEmulation } from './helpers/emulated.js';

type Flags = Parameters<typeof openDevice>[1];

const openCuda = (flags: Partial<Flags> = {}) => openDevice('cuda', { threads: null, ...flags });
const openCpu = () => openDevice('cpu', { threads: 1 });

const cudaBackend = (): CudaBackend => tf.findBackend('cuda') as unknown as CudaBackend;

beforeAll(() => buildEmulation());
beforeEach(() => void vi.stubEnv('TFJS_CUDA_DRIVER', 'emulated'));
afterEach(() => {
  disposeModels();
  vi.unstubAllEnvs();
});

/** Features of the first hypotheses of a sentence alone and in a batch. */
const firstRows = (features: readonly Float32Array[], embed: number): Float32Array[] =>
  features.map((values) => values.subarray(0, BEAM * embed));

/** Many steps of all hypotheses, which continue others in each of them. */
function* manySteps(count: number): Generator<SearchStep> {
  for (let step = 0; step < count; step++) {
    const tokens = Int32Array.from({ length: BEAM }, (_, row) => (step === 0 ? EOS : 4 + ((7 * row + 3 * step) % 40)));
    yield { tokens, rows: Int32Array.from({ length: BEAM }, (_, row) => (row * 2 + step) % BEAM) };
  }
}

/** Steps in which every hypothesis continues itself. */
function* continuingAll(sentenceCount: number): Generator<SearchStep> {
  const rows = Int32Array.from({ length: sentenceCount * BEAM }, (_, row) => row);
  for (let step = 0; step < 4; step++) {
    yield { tokens: rows.map((row) => (step === 0 ? EOS : 4 + ((5 * (row % BEAM) + step) % 40))), rows };
  }
}

describe('a step of all layers on a GPU', () => {
  describe.each(Object.entries(MODELS))('%s', (_, options) => {
    it.each([
      { precision: 'float32', flags: {}, bound: 2e-5 },
      { precision: 'bfloat16', flags: { bfloat16: true }, bound: 0.12 },
    ])('has the features that operations have on cpu, in $precision', async ({ precision, flags, bound }) => {
      await openCpu();
      const expected = composite(build(options), sentences(LENGTHS)).features;
      const { description } = await openCuda(flags);
      expect(description.products ?? 'float32').toBe(precision);
      const difference = largestDifference(fusedFeatures(build(options), sentences(LENGTHS)), expected);
      expect(difference).toBeLessThan(bound);
      if (precision !== 'float32') expect(difference).toBeGreaterThan(1e-4);
    });
  });

  it('has those of the operations on the GPU and of the search on cpu', async () => {
    await openCpu();
    const onCpu = fusedFeatures(build({}), sentences(LENGTHS));
    await openCuda();
    const model = build({});
    const features = fusedFeatures(model, sentences(LENGTHS));
    expect(largestDifference(features, onCpu)).toBeLessThan(2e-5);
    expect(largestDifference(features, composite(model, sentences(LENGTHS)).features)).toBeLessThan(2e-5);
  });

  it.each([
    [
      'an inner layer that is summed in parts',
      { decoderFfnEmbedDim: 520, decoderLayers: 1, encoderLayers: 1 },
      LENGTHS,
    ],
    ['projections that are summed in parts', { encoderEmbedDim: 512, decoderLayers: 1, encoderLayers: 1 }, [3]],
  ])('has them with %s', async (_, options, lengths) => {
    const heads = { encoderAttentionHeads: 4, decoderAttentionHeads: 4 };
    await openCpu();
    const expected = fusedFeatures(build({ ...options, ...heads }), sentences(lengths));
    await openCuda();
    expect(
      largestDifference(fusedFeatures(build({ ...options, ...heads }), sentences(lengths)), expected),
    ).toBeLessThan(5e-5);
  });

  it('has them for many sentences, of which most end', async () => {
    await openCpu();
    const source = sentences(MANY);
    const expected = fusedFeatures(build({}), source, dropsMost(MANY.length));
    await openCuda();
    expect(largestDifference(fusedFeatures(build({}), source, dropsMost(MANY.length)), expected)).toBeLessThan(2e-5);
  });

  it.each([{}, { bfloat16: true }])('has them for a hypothesis of 60 tokens, with %j', async (flags) => {
    const options = { encoderLayers: 1, decoderLayers: 1 };
    const searched = (): Float32Array[] => fusedFeatures(build(options), sentences([6]), manySteps(60));
    await openCpu();
    const expected = searched();
    await openCuda(flags);
    expect(largestDifference(searched(), expected)).toBeLessThan('bfloat16' in flags ? 0.12 : 2e-5);
  });

  it.each(CHOICES)('chooses the same classes as a sort of log p: $vocab, $temperature, $penalised', async (choice) => {
    await openCuda();
    const { actual, expected } = choices(build({}, choice.vocab), sentences(LENGTHS), choice);
    expect(largestDifference(actual, expected)).toBeLessThan(5e-5); // classes are integers, so they are equal
  });

  it.each([{}, { bfloat16: true }])('has the same bits for a sentence alone and in a batch, with %j', async (flags) => {
    await openCuda(flags);
    const model = build({ decoderFfnEmbedDim: 520 });
    const [alone, together] = [[5], [5, 33, 1, ...MANY]].map((lengths) =>
      firstRows(fusedFeatures(model, sentences(lengths), continuingAll(lengths.length)), 24),
    );
    expect(together).toEqual(alone);
  });

  it('reads changed weights', async () => {
    await openCuda();
    const model = build({});
    const before = fusedFeatures(model, sentences(LENGTHS));
    model.parameters.values.forEach((value, index, values) => {
      values[index] = value * 0.9;
    });
    model.parameters.valuesChanged();
    const after = fusedFeatures(model, sentences(LENGTHS));
    expect(largestDifference(after, before)).toBeGreaterThan(1e-3);
    expect(largestDifference(after, composite(model, sentences(LENGTHS)).features)).toBeLessThan(2e-5);
  });

  it('serves several searches and models of other precisions at the same time', async () => {
    await openCuda({ bfloat16: true });
    const rounded = build({});
    await openCuda();
    const exact = build({});
    const models = [exact, rounded, exact];
    const source = sentences(LENGTHS);
    const expected = models.map((model) => fusedFeatures(model, source));
    expect(largestDifference(expected[1]!, expected[0]!)).toBeGreaterThan(1e-4);
    const decodings = models.map((model) => model.startFusedDecoding!(source, BEAM)!);
    const together = models.map((): Float32Array[] => []);
    for (const { tokens, rows } of steps(source.batch)) {
      decodings.forEach((decoding, index) => {
        models[index]!.parameters.useDevice();
        together[index]!.push(tf.tidy(() => decoding.step(tokens).dataSync() as Float32Array));
        decoding.select(rows);
      });
    }
    for (const decoding of decodings) decoding.dispose();
    expect(together).toEqual(expected);
  });

  it('leaves no memory in use, and none after a search that fails', async () => {
    await openCuda();
    const inUse = (): number => cudaBackend().poolBytes.inUse;
    const before = inUse();
    const model: TranslationModel = build({});
    const source = sentences(LENGTHS);
    fusedFeatures(model, source);
    const packed = inUse();
    expect(packed).toBeGreaterThan(before);
    fusedFeatures(model, source, dropsMost(LENGTHS.length));
    const failing = { ...source, ids: source.ids.map((id) => (id === EOS ? 45 : id)) };
    expect(() => model.startFusedDecoding!(failing, BEAM)).toThrow('token id 45');
    const open = model.startFusedDecoding!(source, BEAM)!;
    expect(inUse()).toBeGreaterThan(packed);
    open.dispose();
    expect(inUse()).toBe(packed);
    model.startFusedDecoding!(source, BEAM); // the model disposes it
    model.dispose();
    expect(inUse()).toBe(before);
  });

  it('waits for the GPU once, to read the likeliest classes', async () => {
    await openCuda();
    const model = build({});
    const downloads = vi.spyOn(cudaBackend().driver, 'download');
    const uploads = vi.spyOn(cudaBackend().driver, 'upload');
    fused(model, sentences(LENGTHS), (decoding) => {
      const tokens = new Int32Array(LENGTHS.length * BEAM).fill(EOS);
      decoding.stepTop(tokens, 2, 1, null);
      decoding.select(Int32Array.from(tokens, (_, row) => row));
      const [launches, inUse] = [cudaBackend().statistics.launches, cudaBackend().poolBytes.inUse];
      downloads.mockClear();
      uploads.mockClear();
      decoding.stepTop(tokens, 2, 1, null);
      expect(downloads).toHaveBeenCalledTimes(1);
      expect(downloads.mock.calls[0]![0].values.length).toBe(tokens.length * 2 * 2);
      expect(uploads).toHaveBeenCalledTimes(2); // tokens with rows, and a position
      expect(cudaBackend().statistics.launches - launches).toBe(2 * 11 + 4);
      expect(cudaBackend().poolBytes.inUse - inUse).toBeLessThan(20_000);
    });
    vi.restoreAllMocks();
  });

  it.each(['gelu', 'tanh', 'linear'] as const)('leaves a model with %s to the operations', async (activationFn) => {
    await openCuda();
    expect(build({ activationFn }).startFusedDecoding!(sentences(LENGTHS), BEAM)).toBeNull();
  });

  it('is available to the models of its device, even if another device is opened later', async () => {
    await openCuda();
    const model = build({});
    const before = fusedFeatures(model, sentences(LENGTHS));
    await openDevice('wasm', { threads: null });
    expect(build({}).startFusedDecoding!(sentences(LENGTHS), BEAM)).toBeNull();
    model.parameters.useDevice();
    expect(largestDifference(fusedFeatures(model, sentences(LENGTHS)), before)).toBe(0);
  });
});
