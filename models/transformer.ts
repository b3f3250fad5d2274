import { InternalError, UserError } from '../src/errors.js';
import { ACTIVATIONS } from '../src/nn/activation.js';
import { dropoutSites, type MakeSite } from '../src/nn/dropout-site.js';
import { Transformer } from '../src/nn/encoder-decoder.js';
import { normal, uniformSource } from '../src/nn/initializers.js';
import { LayerDrop } from '../src/nn/layer-drop.js';
import { LayerNorm } from '../src/nn/layer-norm.js';
import { TransformerEmbedding, type TransformerEmbeddingOptions } from '../src/nn/transformer-embedding.js';
import {
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
} from '../src/nn/transformer-layer.js';
import type { Stack } from '../src/nn/transformer-parts.js';
import { type Parameter, ParameterStore } from '../src/optim/parameter-store.js';
import { defineOptions, type OptionsOf } from '../src/options/schema.js';
import { defineModel, type ModelContext } from '../src/plugins/model.js';

const options = defineOptions({
  encoderEmbedDim: { kind: 'int', default: 512, min: 2, help: 'width of the encoder' },
  encoderFfnEmbedDim: {
    kind: 'int',
    default: 2048,
    min: 1,
    help: "inner width of the encoder's feed-forward networks",
  },
  encoderLayers: { kind: 'int', default: 6, min: 1, help: 'layers of the encoder' },
  encoderAttentionHeads: { kind: 'int', default: 8, min: 1, help: 'attention heads of the encoder' },
  encoderNormalizeBefore: {
    kind: 'boolean',
    default: false,
    help: 'normalise before each sublayer instead of after it',
  },
  encoderLearnedPos: { kind: 'boolean', default: false, help: 'learned positional embeddings in the encoder' },
  encoderLayerdrop: {
    kind: 'float',
    default: 0,
    min: 0,
    max: 1,
    help: 'probability that a training pass skips a layer of the encoder',
  },
  encoderEmbedPath: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    help: 'text file of initial encoder embeddings with "word x1 x2 …" per line',
  },
  decoderEmbedDim: { kind: 'int', default: null, min: 2, help: "width of the decoder (default: the encoder's)" },
  decoderFfnEmbedDim: {
    kind: 'int',
    default: null,
    min: 1,
    help: "inner width of the decoder's feed-forward networks (default: the encoder's)",
  },
  decoderLayers: { kind: 'int', default: 6, min: 1, help: 'layers of the decoder' },
  decoderAttentionHeads: { kind: 'int', default: 8, min: 1, help: 'attention heads of the decoder' },
  decoderNormalizeBefore: {
    kind: 'boolean',
    default: false,
    help: 'normalise before each sublayer instead of after it',
  },
  decoderLearnedPos: { kind: 'boolean', default: false, help: 'learned positional embeddings in the decoder' },
  decoderLayerdrop: {
    kind: 'float',
    default: 0,
    min: 0,
    max: 1,
    help: 'probability that a training pass skips a layer of the decoder',
  },
  decoderEmbedPath: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    help: 'text file of initial decoder embeddings',
  },
  activationFn: {
    kind: 'choice',
    choices: ACTIVATIONS,
    default: 'relu',
    help: 'activation of the feed-forward networks',
  },
  dropout: { kind: 'float', default: 0.1, min: 0, max: 0.999, help: 'dropout after embeddings and sublayers' },
  attentionDropout: { kind: 'float', default: 0, min: 0, max: 0.999, help: 'dropout of attention weights' },
  activationDropout: {
    kind: 'float',
    default: 0,
    min: 0,
    max: 0.999,
    aliases: ['--relu-dropout'],
    help: 'dropout after the activation',
  },
  shareDecoderInputOutputEmbed: { kind: 'boolean', default: false, help: 'one table for decoder input and output' },
  shareAllEmbeddings: {
    kind: 'boolean',
    default: false,
    help: 'one table for encoder, decoder input and output; requires a joined dictionary',
  },
  noTokenPositionalEmbeddings: { kind: 'boolean', default: false, help: 'no positional embeddings' },
  noScaleEmbedding: { kind: 'boolean', default: false, help: 'do not multiply embeddings by √width' },
  checkpointActivations: {
    kind: 'boolean',
    default: false,
    help: 'save memory: keep only the inputs of each layer, and recompute the rest in the backward pass',
  },
  layernormEmbedding: { kind: 'boolean', default: false, help: 'normalise the embeddings' },
});

type TransformerOptions = OptionsOf<typeof options>;

/** fairseq's `transformer`: the encoder-decoder of Vaswani et al. 2017 with fairseq's parameter names. */
export const transformer = defineModel({
  name: 'transformer',
  summary: 'Transformer encoder-decoder (Vaswani et al. 2017)',
  options,
  alwaysRecorded: [
    ...['encoderEmbedDim', 'encoderFfnEmbedDim', 'encoderLayers', 'encoderAttentionHeads'],
    ...['decoderEmbedDim', 'decoderFfnEmbedDim', 'decoderLayers', 'decoderAttentionHeads'],
    ...['encoderNormalizeBefore', 'decoderNormalizeBefore', 'encoderLearnedPos', 'decoderLearnedPos'],
    ...['activationFn', 'shareDecoderInputOutputEmbed', 'shareAllEmbeddings', 'layernormEmbedding'],
    ...['noTokenPositionalEmbeddings', 'noScaleEmbedding'],
  ],
  build(options, context) {
    checkOptions(options, context);
    const store = new ParameterStore();
    const site = dropoutSites();
    const encoderOptions = stackOptions(options, context, 'encoder');
    const decoderOptions = stackOptions(options, context, 'decoder');
    const encoderTokens = tokenTable(store, encoderOptions, context);
    const encoder = buildStack(store, site, encoderTokens, encoderOptions, TransformerEncoderLayer);
    const decoderTokens = options.shareAllEmbeddings ? encoderTokens : tokenTable(store, decoderOptions, context);
    const decoder = buildStack(store, site, decoderTokens, decoderOptions, TransformerDecoderLayer);
    const outputProjection =
      options.shareAllEmbeddings || options.shareDecoderInputOutputEmbed
        ? decoderTokens
        : outputTable(store, decoderOptions);
    store.build(context.seed === null ? null : uniformSource(context.seed));
    // These sites come last, so that LayerDrop does not change the numbers, and masks, of the other sites.
    const layerDrop = (probability: number): LayerDrop => new LayerDrop(probability, site(probability));
    return new Transformer({
      parameters: store,
      encoder: { ...encoder, layerDrop: layerDrop(options.encoderLayerdrop) },
      decoder: { ...decoder, layerDrop: layerDrop(options.decoderLayerdrop) },
      outputProjection,
      padIndex: context.padIndex,
    });
  },
});

/** The options of the encoder or the decoder. */
interface StackOptions {
  readonly side: 'encoder' | 'decoder';
  readonly vocab: number;
  readonly layers: number;
  /** A file of initial token embeddings; null or empty for none. */
  readonly embedPath: string | null;
  readonly layer: TransformerLayerOptions;
  readonly embedding: TransformerEmbeddingOptions;
}

function stackOptions(options: TransformerOptions, context: ModelContext, side: StackOptions['side']): StackOptions {
  const own =
    side === 'encoder'
      ? {
          vocab: context.sourceVocab,
          maxPositions: context.maxSourcePositions,
          embed: options.encoderEmbedDim,
          inner: options.encoderFfnEmbedDim,
          layers: options.encoderLayers,
          heads: options.encoderAttentionHeads,
          normalizeBefore: options.encoderNormalizeBefore,
          learnedPositions: options.encoderLearnedPos,
          embedPath: options.encoderEmbedPath,
        }
      : {
          vocab: context.targetVocab,
          maxPositions: context.maxTargetPositions,
          embed: options.decoderEmbedDim ?? options.encoderEmbedDim,
          inner: options.decoderFfnEmbedDim ?? options.encoderFfnEmbedDim,
          layers: options.decoderLayers,
          heads: options.decoderAttentionHeads,
          normalizeBefore: options.decoderNormalizeBefore,
          learnedPositions: options.decoderLearnedPos,
          embedPath: options.decoderEmbedPath,
        };
  const { vocab, maxPositions, embed, inner, layers, heads, normalizeBefore, learnedPositions, embedPath } = own;
  const { activationFn: activation, dropout, attentionDropout, activationDropout, checkpointActivations } = options;
  const learnedOrSinusoidal = learnedPositions ? 'learned' : 'sinusoidal';
  return {
    ...{ side, vocab, layers, embedPath },
    layer: {
      ...{ embed, inner, heads, normalizeBefore, activation },
      ...{ dropout, attentionDropout, activationDropout, checkpointActivations },
    },
    embedding: {
      ...{ embed, padIndex: context.padIndex, maxPositions },
      positions: options.noTokenPositionalEmbeddings ? 'none' : learnedOrSinusoidal,
      scale: options.noScaleEmbedding ? 1 : Math.sqrt(embed),
      layerNorm: options.layernormEmbedding,
    },
  };
}

/** Declares a table of token embeddings, float32 [vocab, embed]. */
function tokenTable(
  store: ParameterStore,
  { side, vocab, embedPath: path, embedding: { embed, padIndex } }: StackOptions,
  { fillEmbeddings }: ModelContext,
): Parameter {
  return store.parameter(`${side}.embed_tokens.weight`, [vocab, embed], (values, shape, random) => {
    normal(embed ** -0.5, padIndex)(values, shape, random);
    if (path === null || path === '') return;
    if (fillEmbeddings === undefined) throw new InternalError(`there is no reader for the embeddings in ${path}`);
    fillEmbeddings(side === 'encoder' ? 'source' : 'target', path, values, embed);
  });
}

/** Declares an output projection that is not shared with the embeddings, float32 [vocab, embed]. */
function outputTable(store: ParameterStore, { vocab, embedding: { embed } }: StackOptions): Parameter {
  return store.parameter('decoder.output_projection.weight', [vocab, embed], normal(embed ** -0.5));
}

type LayerClass<Layer> = new (
  store: ParameterStore,
  name: string,
  options: TransformerLayerOptions,
  site: MakeSite,
) => Layer;

/** Declares everything of a side except its token embeddings and its LayerDrop. */
function buildStack<Layer>(
  store: ParameterStore,
  site: MakeSite,
  tokens: Parameter,
  { side, layers: count, layer, embedding: options }: StackOptions,
  LayerOfStack: LayerClass<Layer>,
): Omit<Stack<Layer>, 'layerDrop'> {
  const embedding = new TransformerEmbedding(store, side, tokens, options, site(layer.dropout));
  // One at a time: a checkpoint that records more layers than it contains is refused at its first missing layer.
  const layers: Layer[] = [];
  for (let index = 0; index < count; index++) {
    layers.push(new LayerOfStack(store, `${side}.layers.${index}`, layer, site));
  }
  const finalNorm = layer.normalizeBefore ? new LayerNorm(store, `${side}.layer_norm`, layer.embed) : null;
  return { embedding, layers, finalNorm };
}

/** @throws UserError for options that contradict each other */
function checkOptions(options: TransformerOptions, context: ModelContext): void {
  const decoderEmbed = options.decoderEmbedDim ?? options.encoderEmbedDim;
  const sides = [
    ['encoder', options.encoderEmbedDim, options.encoderAttentionHeads],
    ['decoder', decoderEmbed, options.decoderAttentionHeads],
  ] as const;
  for (const [side, embed, heads] of sides) {
    if (embed % heads !== 0) {
      throw new UserError(
        `--${side}-embed-dim ${embed} is not a multiple of --${side}-attention-heads ${heads}`,
        'choose a width that is a multiple of the number of heads',
      );
    }
    if (embed % 2 !== 0)
      throw new UserError(
        `--${side}-embed-dim ${embed} is odd`,
        'choose an even width, which sinusoidal positions require',
      );
  }
  if (decoderEmbed !== options.encoderEmbedDim) {
    throw new UserError(
      `--decoder-embed-dim ${decoderEmbed} differs from --encoder-embed-dim ${options.encoderEmbedDim}`,
      'give both the same width; different widths are not supported',
    );
  }
  const isSinusoidal =
    !options.noTokenPositionalEmbeddings && !(options.encoderLearnedPos && options.decoderLearnedPos);
  if (decoderEmbed === 2 && isSinusoidal) {
    // The frequencies would be 10000^(−k / 0); fairseq fails with a division by zero.
    throw new UserError(
      `--encoder-embed-dim ${decoderEmbed} is too small for sinusoidal positions`,
      'use 4 or more, or --encoder-learned-pos and --decoder-learned-pos',
    );
  }
  if (options.shareAllEmbeddings && !context.joinedDictionary) {
    throw new UserError(
      '--share-all-embeddings requires one dictionary for both languages',
      'preprocess with --joined-dictionary, or leave the option out',
    );
  }
  const { encoderEmbedPath, decoderEmbedPath } = options;
  if (options.shareAllEmbeddings && decoderEmbedPath !== null && decoderEmbedPath !== encoderEmbedPath) {
    throw new UserError(
      '--share-all-embeddings uses one table, but --encoder-embed-path and --decoder-embed-path differ',
      'give only --encoder-embed-path',
    );
  }
}
