import { checkHeads, checkWhole } from './kernels/checks.js';

interface StackSizes {
  readonly vocab: number;
  readonly positions: number;
  readonly layers: number;
  readonly heads: number;
  readonly inner: number;
  readonly scale: number;
  readonly normalizeBefore: boolean;
  readonly normalizeEmbedding: boolean;
  readonly finalNorm: boolean;
}

/** The sizes of a Transformer for native search. */
export interface TransformerSizes {
  readonly embed: number; // width of the model
  readonly encoder: StackSizes; // sizes of the encoder
  readonly decoder: StackSizes; // sizes of the decoder
}

/** @throws Error for sizes that no Transformer has */
export function checkSizes({ embed, encoder, decoder }: TransformerSizes): void {
  for (const [side, sizes] of Object.entries({ encoder, decoder })) {
    for (const name of ['vocab', 'positions', 'layers', 'inner'] as const) {
      checkWhole(`${name} of the ${side}`, sizes[name], 1);
    }
    checkHeads(`heads of the ${side}`, sizes.heads, embed);
    if (!Number.isFinite(sizes.scale)) throw new Error(`scale of the ${side} must be finite, not ${sizes.scale}`);
  }
}

/** The argument `sizes` of the add-on's openTransformer. */
export const sizeFields = ({ embed, encoder, decoder }: TransformerSizes): number[] => [
  embed,
  ...[encoder, decoder].flatMap((sizes) => [
    ...[sizes.vocab, sizes.positions, sizes.layers, sizes.heads, sizes.inner],
    ...[sizes.normalizeBefore, sizes.normalizeEmbedding, sizes.finalNorm].map(Number),
  ]),
];

/** A weight, in the order of the add-on. */
export interface WeightSize {
  readonly name: string;
  readonly length: number;
  /** Whether it is packed; the others are read in place. */
  readonly isMatrix?: boolean;
}

const linear = (name: string, inputs: number, outputs: number): WeightSize[] => [
  { name: `${name}.weight`, length: inputs * outputs, isMatrix: true },
  { name: `${name}.bias`, length: outputs },
];

const norm = (name: string, embed: number): WeightSize[] => [
  { name: `${name}.gain`, length: embed },
  { name: `${name}.bias`, length: embed },
];

function stackWeights(side: 'encoder' | 'decoder', { embed, ...sides }: TransformerSizes): WeightSize[] {
  const { vocab, positions, layers, inner, normalizeEmbedding, finalNorm } = sides[side];
  const layerWeights = (layer: string): WeightSize[] => [
    ...linear(`${layer}.query_key_value`, embed, 3 * embed),
    ...linear(`${layer}.output`, embed, embed),
    ...norm(`${layer}.norm`, embed),
    ...(side === 'encoder' ? [] : sourceAttention(layer, embed)),
    ...linear(`${layer}.fc1`, embed, inner),
    ...linear(`${layer}.fc2`, inner, embed),
    ...norm(`${layer}.feed_forward_norm`, embed),
  ];
  return [
    { name: `${side}.tokens`, length: vocab * embed },
    { name: `${side}.positions`, length: positions * embed },
    ...(normalizeEmbedding ? norm(`${side}.embedding_norm`, embed) : []),
    ...Array.from({ length: layers }, (_, index) => layerWeights(`${side}.layers.${index}`)).flat(),
    ...(finalNorm ? norm(`${side}.final_norm`, embed) : []),
  ];
}

const sourceAttention = (layer: string, embed: number): WeightSize[] => [
  ...linear(`${layer}.source_query`, embed, embed),
  ...linear(`${layer}.source_key_value`, embed, 2 * embed),
  ...linear(`${layer}.source_output`, embed, embed),
  ...norm(`${layer}.source_norm`, embed),
];

/**
 * The weights of a Transformer of these sizes; `packTransformer` describes their order.
 * @throws Error unless there are `count` of them
 */
export function weightSizes(sizes: TransformerSizes, count: number): WeightSize[] {
  // Each layer has several weights: with more layers than weights, the count is wrong and no list is needed.
  const listed = sizes.encoder.layers + sizes.decoder.layers <= count;
  const weights = listed
    ? [
        ...stackWeights('encoder', sizes),
        ...stackWeights('decoder', sizes),
        { name: 'classifier', length: sizes.decoder.vocab * sizes.embed, isMatrix: true },
      ]
    : null;
  if (weights?.length === count) return weights;
  const few = weights === null || count < weights.length;
  throw new Error(`too ${few ? 'few' : 'many'} weights for a Transformer of these sizes: ${count}`);
}
