import { describe, expect, it } from 'vitest';
import { linears, MODELS, trainingFlops, trainingGemms } from '../../bench/harness/model-size.js';
import { architectures } from '../../models/index.js';
import { modelOptions } from '../../src/plugins/model-options.js';
import { Registry } from '../../src/plugins/registry.js';

const VOCAB = 40;
const registry = new Registry('architecture', architectures);
const WORK = { sourceTokens: 40, targetTokens: 7 };

/** `--encoder-layers 4` as the option it stands for. */
function optionsOf(flags: readonly string[]): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  flags.forEach((flag, index) => {
    if (!flag.startsWith('--') || flag === '--arch') return;
    const key = flag.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const value = flags[index + 1];
    options[key] = value === undefined || value.startsWith('--') ? true : Number(value);
  });
  return options;
}

/** Parameters of the weight matrices of the real model that rows are multiplied with. */
function parametersInProducts(flags: readonly string[]): number {
  const architecture = registry.get(flags[flags.indexOf('--arch') + 1]!);
  const model = architecture.model.build(
    modelOptions(architecture, { ...architecture.defaults, ...optionsOf(flags) }),
    {
      ...{ sourceVocab: VOCAB, targetVocab: VOCAB, padIndex: 1, eosIndex: 2, joinedDictionary: true },
      ...{ maxSourcePositions: 64, maxTargetPositions: 64, seed: null },
    },
  );
  try {
    const layers = model.parameters.trainable
      .flatMap(({ parts }) => parts)
      .filter(({ name }) => /layers\..*weight/.test(name));
    const matrices = layers.filter(({ shape }) => shape.length === 2);
    const classifier = VOCAB * Number(modelOptions(architecture, optionsOf(flags)).encoderEmbedDim);
    return matrices.reduce((sum, { shape }) => sum + shape[0]! * shape[1]!, classifier);
  } finally {
    model.dispose();
  }
}

describe('the sizes that benchmarks count with', () => {
  it.each(Object.values(MODELS))('are those of $name', (model) => {
    const counted = linears(model, VOCAB).reduce((sum, linear) => sum + linear.in * linear.out * linear.count, 0);
    expect(counted).toBe(parametersInProducts(model.flags));
  });

  it('count tokens without padding: source for the encoder and cross-attention’s keys and values, target for the rest', () => {
    const model = { name: 'one layer', flags: [], embed: 2, inner: 3, layers: 1, heads: 1, shared: false };
    const [square, inner] = [2 * 2, 2 * 3];
    const source = 4 * square + 2 * inner + 2 * square;
    const target = 4 * square + 2 * inner + 2 * square + VOCAB * 2;
    expect(trainingFlops(model, VOCAB, WORK)).toBe(6 * (source * 40 + target * 7));
  });

  it('are the products of an update, with rows in multiples of 32 and equal shapes merged (fc1’s y and fc2’s dx)', () => {
    const gemms = trainingGemms(
      { name: 'one layer', flags: [], embed: 2, inner: 3, layers: 5, heads: 1, shared: false },
      VOCAB,
      WORK,
    );
    const shapes = gemms.map(({ m, k, n, transposed }) => [m, k, n, transposed].join());
    expect(new Set(shapes).size).toBe(shapes.length);
    expect(gemms.find(({ name }) => name === 'classifier dW')).toMatchObject({
      m: VOCAB,
      k: 32,
      n: 2,
      transposed: true,
    });
    expect(gemms.find(({ name }) => name === 'encoder fc1 y')).toMatchObject({ m: 64, k: 2, n: 3, count: 10 });
  });
});
