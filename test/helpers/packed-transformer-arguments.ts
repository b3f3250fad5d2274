import { afterEach, describe, expect, it } from 'vitest';
import type { EngineDecoding, EngineModel, TransformerSizes, WeightValues } from '../../src/ops/search-engine.js';

const EMBED = 16;
const VOCAB = 20;
const INNER = 32;
const STACK = {
  ...{ vocab: VOCAB, positions: 40, layers: 1, heads: 2, inner: INNER, scale: 1 },
  ...{ normalizeBefore: false, normalizeEmbedding: false, finalNorm: false },
};
const SIZES: TransformerSizes = { embed: EMBED, encoder: STACK, decoder: STACK };

type Weights = WeightValues[];

const values = (length: number) => (): Float32Array => Float32Array.from({ length }, (_, index) => Math.sin(index));
const linear = (inputs: number, outputs: number): Weights => [values(inputs * outputs), values(outputs)];
const norm = (): Weights => [values(EMBED), values(EMBED)];
const attention = (): Weights => [...linear(EMBED, 3 * EMBED), ...linear(EMBED, EMBED), ...norm()];
const feedForward = (): Weights => [...linear(EMBED, INNER), ...linear(INNER, EMBED), ...norm()];
const tables = (): Weights => [values(VOCAB * EMBED), values(STACK.positions * EMBED)];
const sourceAttention = (): Weights => [
  ...[...linear(EMBED, EMBED), ...linear(EMBED, 2 * EMBED), ...linear(EMBED, EMBED), ...norm()],
];

function weights(): Weights {
  const encoder = [...tables(), ...attention(), ...feedForward()];
  const decoder = [...tables(), ...attention(), ...sourceAttention(), ...feedForward()];
  return [...encoder, ...decoder, values(VOCAB * EMBED)];
}

const SOURCE = { ids: Int32Array.of(4, 5, 2), positions: Int32Array.of(2, 3, 4), starts: Int32Array.of(0, 3) };
/** The tokens of the first step. */
export const EOS = Int32Array.of(2, 2);

/** Packs a model; `precision` may be one that does not exist. */
/** The matrices of an encoder layer and a decoder layer with width 16 and inner width 32, and the classifier of 20 classes. */
const MATRIX_ELEMENTS = 2048 + 3072 + 320;

export type Pack = (sizes: TransformerSizes, weights: readonly WeightValues[], precision: string) => EngineModel;

/** A small model and searches with it. Models are disposed after each test. */
export function smallSearches(packTransformer: Pack) {
  const open: EngineModel[] = [];
  afterEach(() => {
    for (const model of open.splice(0)) model.dispose();
  });

  function pack(sizes: TransformerSizes = SIZES, weightValues = weights(), precision = 'float32'): EngineModel {
    const model = packTransformer(sizes, weightValues, precision);
    open.push(model);
    return model;
  }

  const decode = (model = pack()): EngineDecoding => model.startDecoding(SOURCE, 2);

  /** A decoding after one step. */
  function afterStep(model = pack()): EngineDecoding {
    const decoding = decode(model);
    decoding.step(EOS, 2, null);
    return decoding;
  }

  /** The result of a correct search, which no wrong call before it may change. */
  const likeliest = (model = pack()): number[] => [...afterStep(model).top(3, 1, null)];

  return { pack, decode, afterStep, likeliest };
}

const withWeight = (index: number, weight: () => unknown): Weights =>
  weights().map((original, position) => (position === index ? (weight as WeightValues) : original));

const wrong = <T>(value: unknown): T => value as T; // a value from a caller without types

/** What every native search says to wrong arguments. */
export function testArguments(packTransformer: Pack, precisions: readonly string[]): void {
  const { pack, decode, afterStep, likeliest } = smallSearches(packTransformer);

  describe('packTransformer', () => {
    it.each<[message: string, sizes: Partial<typeof STACK>]>([
      ['heads of the encoder must be a whole number ≥ 1, not 0', { heads: 0 }],
      ['heads of the encoder must be a divisor of the width 16, not 3', { heads: 3 }],
      ['layers of the encoder must be a whole number ≥ 1, not -1', { layers: -1 }],
      ['vocab of the encoder must be a whole number ≥ 1, not 0.5', { vocab: 0.5 }],
      ['positions of the encoder must be a whole number ≥ 1, not NaN', { positions: Number.NaN }],
      ['inner of the encoder must be a whole number ≥ 1, not undefined', { inner: wrong(undefined) }],
      ['scale of the encoder must be finite, not NaN', { scale: Number.NaN }],
      ['too few weights for a Transformer of these sizes: 37', { layers: 2 }],
      ['too few weights for a Transformer of these sizes: 37', { layers: 1e9 }],
      ['too few weights for a Transformer of these sizes: 37', { finalNorm: true }],
      ['the weight encoder.tokens has 320 elements, expected 336', { vocab: VOCAB + 1 }],
      ['the weight encoder.layers.0.fc1.weight has 512 elements, expected 16', { inner: 1 }],
    ])('rejects sizes that do not fit: %s', (message, sizes) => {
      expect(() => pack({ ...SIZES, encoder: { ...STACK, ...sizes } })).toThrow(message);
    });

    it.each([0, -16, 16.5, Number.NaN])('rejects a width of %d', (embed) => {
      expect(() => pack({ ...SIZES, embed })).toThrow(/embed must be a whole number|must be a divisor of the width/);
    });

    it('says how much memory the weights take', () => {
      const bytes = precisions.map((precision) => pack(SIZES, weights(), precision).bytes);
      expect(bytes[0]).toBeGreaterThanOrEqual(4 * MATRIX_ELEMENTS);
      expect(bytes).toEqual([...new Set(bytes)].sort((a, b) => b - a)); // each precision takes less than the one before
    });

    it('counts the weights of both sides', () => {
      expect(() => pack({ ...SIZES, decoder: { ...STACK, heads: 5 } })).toThrow(
        'heads of the decoder must be a divisor of the width 16, not 5',
      );
      expect(() => pack(SIZES, weights().slice(1))).toThrow('too few weights');
      expect(() => pack(SIZES, [...weights(), values(1)])).toThrow('too many weights');
      expect(() => pack(SIZES, [])).toThrow('too few weights for a Transformer of these sizes: 0');
    });

    it.each([
      [0, 'encoder.tokens'],
      [5, 'encoder.layers.0.output.bias'],
      [13, 'encoder.layers.0.feed_forward_norm.bias'],
      [22, 'decoder.layers.0.source_query.weight'],
      [24, 'decoder.layers.0.source_key_value.weight'],
      [36, 'classifier'],
    ])('names the weight at %d that is too short or is not a Float32Array', (index, name) => {
      expect(() => pack(SIZES, withWeight(index, values(1)))).toThrow(`the weight ${name} has 1 elements, expected`);
      for (const other of [[1, 2], null, undefined, new Float64Array(9)]) {
        expect(() =>
          pack(
            SIZES,
            withWeight(index, () => other),
          ),
        ).toThrow(`the weight ${name} must be a Float32Array`);
      }
    });

    it('passes on the exception of a weight', () => {
      const failing = (): never => {
        throw new Error('no such file');
      };
      expect(() => pack(SIZES, withWeight(5, failing))).toThrow('no such file');
    });

    it.each(['fp16', '', 'Float32', undefined])('rejects the precision %s', (precision) => {
      expect(() => pack(SIZES, weights(), wrong(precision ?? null))).toThrow(`use one of ${precisions.join(', ')}`);
    });
  });

  describe('startDecoding', () => {
    it.each([0, -1, 1.5, Number.NaN, 2 ** 31])('rejects a beam of %d', (beam) => {
      expect(() => pack().startDecoding(SOURCE, beam)).toThrow('beam must be a whole number from 1');
    });

    it.each([
      { starts: [0, 3_000_000] },
      { starts: [-300_000, 3] },
      { starts: [0, 2, 1, 3] },
      { starts: [0, 3, 3] },
      { starts: [1, 3] },
      { starts: [0, 2] },
      { starts: [0] },
      { starts: [] },
    ])('rejects starts $starts of 3 tokens', ({ starts }) => {
      expect(() => pack().startDecoding({ ...SOURCE, starts: Int32Array.from(starts) }, 2)).toThrow(
        /starts must rise from 0 to the 3 rows by 1 or more|sentences must be a whole number ≥ 1/,
      );
    });

    it.each<[message: string, source: Partial<typeof SOURCE>]>([
      ['token id 20 at index 1 is not in [0, 20)', { ids: Int32Array.of(4, 20, 2) }],
      ['token id -1 at index 1 is not in [0, 20)', { ids: Int32Array.of(4, -1, 2) }],
      ['position 40 at index 2 is not in [0, 40)', { positions: Int32Array.of(2, 3, 40) }],
      ['there are 2 positions for 3 tokens', { positions: Int32Array.of(2, 3) }],
      ['must be an Int32Array', { ids: wrong(Float32Array.of(4, 5, 2)) }],
      ['must be an Int32Array', { starts: wrong([0, 3]) }],
    ])('rejects a source: %s', (message, source) => {
      expect(() => pack().startDecoding({ ...SOURCE, ...source }, 2)).toThrow(message);
    });

    it('is rejected after the model is disposed', () => {
      const model = pack();
      model.dispose();
      expect(() => decode(model)).toThrow('the model is disposed');
    });
  });

  describe('a decoding', () => {
    it.each<[message: string, call: (decoding: EngineDecoding) => unknown]>([
      ['there are 1 tokens for 2 rows', (decoding) => decoding.step(Int32Array.of(2), 3, null)],
      ['must be an Int32Array', (decoding) => decoding.step(wrong([2, 2]), 3, null)],
      ['token id 20 at index', (decoding) => decoding.step(Int32Array.of(2, 20), 3, null)],
      ['position must be a whole number from 0 to 39, not 40', (decoding) => decoding.step(EOS, 40, null)],
      ['position must be a whole number from 0 to 39, not -1', (decoding) => decoding.step(EOS, -1, null)],
      ['position must be a whole number from 0 to 39, not NaN', (decoding) => decoding.step(EOS, Number.NaN, null)],
      ['features has 1 elements, expected 32', (decoding) => decoding.step(EOS, 3, new Float32Array(1))],
      ['features must be a Float32Array', (decoding) => decoding.step(EOS, 3, wrong(new Float64Array(32)))],
      ['width must be a whole number ≥ 1, not 0', (decoding) => decoding.top(0, 1, null)],
      ['width must be a whole number ≥ 1, not -2', (decoding) => decoding.top(-2, 1, null)],
      ['width must be a whole number ≥ 1, not NaN', (decoding) => decoding.top(Number.NaN, 1, null)],
      ['width must be at most the 20 classes, not 21', (decoding) => decoding.top(21, 1, null)],
      ['temperature must be above 0, not 0', (decoding) => decoding.top(3, 0, null)],
      ['temperature must be above 0, not NaN', (decoding) => decoding.top(3, Number.NaN, null)],
      ['temperature must be above 0, not -1', (decoding) => decoding.top(3, -1, null)],
      ['penalties has 0 elements, expected 20', (decoding) => decoding.top(3, 1, new Float32Array(0))],
      ['row 2 at index 1 is not in [0, 2)', (decoding) => decoding.select(Int32Array.of(0, 2))],
      ['row -1 at index 0 is not in [0, 2)', (decoding) => decoding.select(Int32Array.of(-1, 0))],
      ['the number of rows must be a multiple of the beam 2, not 1', (decoding) => decoding.select(Int32Array.of(0))],
      ['must be an Int32Array', (decoding) => decoding.select(wrong([0, 1]))],
    ])('rejects a call and remains usable: %s', (message, call) => {
      const expected = likeliest();
      const model = pack();
      const decoding = afterStep(model);
      expect(() => call(decoding)).toThrow(message);
      expect(likeliest(model)).toEqual(expected);
    });

    it.each([
      ['its disposal', (decoding: EngineDecoding) => decoding.dispose()],
      ['the disposal of its model', (_: EngineDecoding, model: EngineModel) => model.dispose()],
    ])('ends after %s', (_, end) => {
      const model = pack();
      const decoding = afterStep(model);
      end(decoding, model);
      end(decoding, model); // the second time does nothing
      expect(() => decoding.step(EOS, 3, null)).toThrow('the decoding or its model is disposed');
      expect(() => decoding.top(3, 1, null)).toThrow('the decoding or its model is disposed');
      expect(() => decoding.select(Int32Array.of(0, 1))).toThrow('the decoding or its model is disposed');
      decoding.dispose();
      model.dispose();
    });

    it('does not mix sentences within a beam', () => {
      const source = { ...SOURCE, starts: Int32Array.of(0, 1, 3) };
      const decoding = pack().startDecoding(source, 2);
      decoding.step(Int32Array.of(2, 2, 2, 2), 2, null);
      expect(() => decoding.select(Int32Array.of(0, 2))).toThrow('the rows of a beam must belong to one sentence');
      decoding.select(Int32Array.of(3, 3, 1, 0));
      decoding.step(Int32Array.of(2, 2, 2, 2), 3, null);
    });

    it('is not affected by the end of another decoding', () => {
      const model = pack();
      const [first, second] = [decode(model), decode(model)];
      first.dispose();
      second.step(EOS, 2, null);
      first.dispose();
      expect([...second.top(3, 1, null)]).toEqual(likeliest());
    });
  });
}
