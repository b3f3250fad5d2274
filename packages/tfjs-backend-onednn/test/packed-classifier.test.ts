import { afterEach, describe, expect, it } from 'vitest';
import { transformer } from '../../../models/transformer.js';
import { openDevice } from '../../../src/devices/index.js';
import type { TranslationModel } from '../../../src/plugins/model.js';
import { transformerOptions } from '../../../test/helpers/reference-model.js';

const EOS = 2;
const EMBED = 24;

let model: TranslationModel | null = null;
afterEach(() => {
  model?.dispose();
  model = null;
});

/** A one-layer model whose decoder has these features for every token, because the gains of its last norm are 0. */
function modelWith(features: Float32Array, classifier: Float32Array): TranslationModel {
  const vocab = classifier.length / EMBED;
  const sizes = { encoderEmbedDim: EMBED, encoderFfnEmbedDim: 32, encoderLayers: 1, decoderLayers: 1 };
  const built = transformer.build(
    transformerOptions({ ...sizes, encoderAttentionHeads: 2, decoderAttentionHeads: 2 }),
    {
      ...{ sourceVocab: 10, targetVocab: vocab, padIndex: 1, eosIndex: EOS, joinedDictionary: false, seed: 7 },
      ...{ maxSourcePositions: 16, maxTargetPositions: 16 },
    },
  );
  const { parameters } = built;
  const valuesOf = (name: string): Float32Array =>
    parameters.view(parameters.values, parameters.parameters.find((parameter) => parameter.name === name)!);
  valuesOf('decoder.layers.0.final_layer_norm.weight').fill(0);
  valuesOf('decoder.layers.0.final_layer_norm.bias').set(features);
  valuesOf('decoder.output_projection.weight').set(classifier);
  parameters.valuesChanged();
  model = built;
  return built;
}

/** log p of the most likely classes, and the classes, after the first token. */
function top(of: TranslationModel, width: number): { logProbs: number[]; classes: number[] } {
  const decoding = of.startFusedDecoding!({ ids: Int32Array.of(5, EOS), batch: 1, time: 2 }, 1)!;
  try {
    const table = Array.from(decoding.stepTop(Int32Array.of(EOS), width, 1, null));
    return { logProbs: table.slice(0, width), classes: table.slice(width) };
  } finally {
    decoding.dispose();
  }
}

/** log p of every class in float64. */
function logProbabilities(features: Float32Array, classifier: Float32Array): number[] {
  const logits = Array.from({ length: classifier.length / EMBED }, (_, row) =>
    features.reduce((sum, x, k) => sum + x * classifier[row * EMBED + k]!, 0),
  );
  const total = Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0));
  return logits.map((z) => z - total);
}

describe('the most likely classes of a packed model', () => {
  // Integers with a largest magnitude of 127, times a power of two, so that 127 / largest is a power of two.
  it('have the log p of float64 in int8 if int8 represents features and weights exactly', async () => {
    await openDevice('cpu', { threads: null, int8: true });
    const features = Float32Array.from({ length: EMBED }, (_, k) => (k === 7 ? -127 : ((k * 37) % 200) - 100) / 32);
    const classifier = Float32Array.from({ length: 45 * EMBED }, (_, i) => {
      const [row, k] = [Math.floor(i / EMBED), i % EMBED];
      return (k === row % EMBED ? 127 : ((row * 53 + k * 29) % 190) - 95) / 2 ** (6 + (row % 3));
    });
    const expected = logProbabilities(features, classifier);
    const { logProbs, classes } = top(modelWith(features, classifier), 45);
    expect(classes.toSorted((a, b) => a - b)).toEqual(expected.map((_, index) => index));
    const worst = classes.map((index, place) => Math.abs(logProbs[place]! - expected[index]!));
    expect(Math.max(...worst)).toBeLessThan(2e-5);
  });

  // The logits increase from class to class by less than the resolution of log p.
  it.each([1, 3, 20])('are the %d lowest of the classes with equal log p', async (width) => {
    await openDevice('cpu', { threads: null });
    const features = Float32Array.from({ length: EMBED }, (_, k) => (k === 0 ? 1 : 0));
    const classifier = Float32Array.from({ length: 1500 * EMBED }, (_, i) => (i % EMBED === 0 ? i * 4e-12 : 0));
    const { logProbs, classes } = top(modelWith(features, classifier), width);
    expect(new Set(logProbs).size).toBe(1);
    expect(classes).toEqual(Array.from({ length: width }, (_, index) => index));
  });
});
