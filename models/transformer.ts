import { InternalError, UserError } from '../src/errors.js';
import { ACTIVATIONS } from '../src/nn/activation.js';
import { dropoutSites } from '../src/nn/dropout-site.js';
import { Transformer } from '../src/nn/encoder-decoder.js';
import { normal, uniformSource } from '../src/nn/initializers.js';
import { LayerDrop } from '../src/nn/layer-drop.js';
import { LayerNorm } from '../src/nn/layer-norm.js';
import { TransformerEmbedding } from '../src/nn/transformer-embedding.js';
import {
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
} from '../src/nn/transformer-layer.js';
import { type Parameter, ParameterStore } from '../src/optim/parameter-store.js';
import { defineOptions, type OptionsOf } from '../src/options/schema.js';
import { defineModel, type ModelContext } from '../src/plugins/model.js';

const options = defineOptions({
  encoderEmbedDim: { kind: 'int', default: 512, min: 2, help: 'width of the encoder' },
  encoderFfnEmbedDim: { kind: 'int', default: 2048, min: 1, help: 'inner width of its feed-forward networks' },
  encoderLayers: { kind: 'int', default: 6, min: 1, help: 'layers of the encoder' },
  encoderAttentionHeads: { kind: 'int', default: 8, min: 1, help: 'attention heads of the encoder' },
  encoderNormalizeBefore: { kind: 'boolean', default: false, help: 'normalise before each sublayer, not after' },
  encoderLearnedPos: { kind: 'boolean', default: false, help: 'learned positions in the encoder' },
  encoderLayerdrop: {
    kind: 'float',
    default: 0,
    min: 0,
    max: 1,
    help: 'chance of each layer of the encoder to be left out of a training pass',
  },
  encoderEmbedPath: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    help: 'text file of embeddings, "word x1 x2 …" a line, that the encoder begins with',
  },
  decoderEmbedDim: { kind: 'int', default: null, min: 2, help: "width of the decoder (default: the encoder's)" },
  decoderFfnEmbedDim: {
    kind: 'int',
    default: null,
    min: 1,
    help: "inner width of the decoder (default: the encoder's)",
  },
  decoderLayers: { kind: 'int', default: 6, min: 1, help: 'layers of the decoder' },
  decoderAttentionHeads: { kind: 'int', default: 8, min: 1, help: 'attention heads of the decoder' },
  decoderNormalizeBefore: { kind: 'boolean', default: false, help: 'normalise before each sublayer, not after' },
  decoderLearnedPos: { kind: 'boolean', default: false, help: 'learned positions in the decoder' },
  decoderLayerdrop: {
    kind: 'float',
    default: 0,
    min: 0,
    max: 1,
    help: 'chance of each layer of the decoder to be left out of a training pass',
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
    help: 'one table for encoder, decoder input and output; needs a joined dictionary',
  },
  noTokenPositionalEmbeddings: { kind: 'boolean', default: false, help: 'no positions' },
  noScaleEmbedding: { kind: 'boolean', default: false, help: 'do not multiply embeddings by √width' },
  checkpointActivations: {
    kind: 'boolean',
    default: false,
    help: 'less memory: keep only the inputs of each layer, and compute the rest again in the backward pass',
  },
  layernormEmbedding: { kind: 'boolean', default: false, help: 'normalise the embeddings' },
});

type TransformerOptions = OptionsOf<typeof options>;

/** fairseq's `transformer`: the encoder-decoder of Vaswani et al. 2017 under its parameter names. */
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
  build(given, context) {
    checkOptions(given, context);
    const { padIndex } = context;
    const encoderEmbed = given.encoderEmbedDim;
    const decoderEmbed = given.decoderEmbedDim ?? encoderEmbed;
    const store = new ParameterStore();
    const site = dropoutSites();
    const table = (side: Side, vocab: number, embed: number): Parameter => {
      const path = side === 'encoder' ? given.encoderEmbedPath : given.decoderEmbedPath;
      return store.parameter(`${side}.embed_tokens.weight`, [vocab, embed], (values, shape, random) => {
        normal(embed ** -0.5, padIndex)(values, shape, random);
        if (path === null || path === '') return;
        if (context.fillEmbeddings === undefined) throw new InternalError(`nothing reads the embeddings of ${path}`);
        context.fillEmbeddings(side === 'encoder' ? 'source' : 'target', path, values, embed);
      });
    };

    const encoderTokens = table('encoder', context.sourceVocab, encoderEmbed);
    const encoder = {
      embedding: new TransformerEmbedding(
        store,
        'encoder',
        encoderTokens,
        embeddingOptions(given, encoderEmbed, context, 'encoder'),
        site(given.dropout),
      ),
      layers: stack(
        given.encoderLayers,
        (index) =>
          new TransformerEncoderLayer(
            store,
            `encoder.layers.${index}`,
            layerOptions(given, encoderEmbed, 'encoder'),
            site,
          ),
      ),
      finalNorm: given.encoderNormalizeBefore ? new LayerNorm(store, 'encoder.layer_norm', encoderEmbed) : null,
    };
    const decoderTokens = given.shareAllEmbeddings
      ? encoderTokens
      : table('decoder', context.targetVocab, decoderEmbed);
    const decoder = {
      embedding: new TransformerEmbedding(
        store,
        'decoder',
        decoderTokens,
        embeddingOptions(given, decoderEmbed, context, 'decoder'),
        site(given.dropout),
      ),
      layers: stack(
        given.decoderLayers,
        (index) =>
          new TransformerDecoderLayer(
            store,
            `decoder.layers.${index}`,
            layerOptions(given, decoderEmbed, 'decoder'),
            site,
          ),
      ),
      finalNorm: given.decoderNormalizeBefore ? new LayerNorm(store, 'decoder.layer_norm', decoderEmbed) : null,
    };
    const outputProjection =
      given.shareAllEmbeddings || given.shareDecoderInputOutputEmbed
        ? decoderTokens
        : store.parameter(
            'decoder.output_projection.weight',
            [context.targetVocab, decoderEmbed],
            normal(decoderEmbed ** -0.5),
          );
    store.build(context.seed === null ? null : uniformSource(context.seed));
    // The last sites, so that the masks of dropout are the same with and without.
    const [encoderDrop, decoderDrop] = [given.encoderLayerdrop, given.decoderLayerdrop].map(
      (probability) => new LayerDrop(probability, site(probability)),
    );
    return new Transformer({
      parameters: store,
      encoder: { ...encoder, layerDrop: encoderDrop! },
      decoder: { ...decoder, layerDrop: decoderDrop! },
      outputProjection,
      padIndex,
    });
  },
});

type Side = 'encoder' | 'decoder';

/** Layers from the first on: where a checkpoint lacks one, it ends there, however many its options say. */
function stack<Layer>(count: number, make: (index: number) => Layer): Layer[] {
  const layers: Layer[] = [];
  for (let index = 0; index < count; index++) layers.push(make(index));
  return layers;
}

function layerOptions(given: TransformerOptions, embed: number, side: Side): TransformerLayerOptions {
  const isEncoder = side === 'encoder';
  return {
    embed,
    inner: isEncoder ? given.encoderFfnEmbedDim : (given.decoderFfnEmbedDim ?? given.encoderFfnEmbedDim),
    heads: isEncoder ? given.encoderAttentionHeads : given.decoderAttentionHeads,
    normalizeBefore: isEncoder ? given.encoderNormalizeBefore : given.decoderNormalizeBefore,
    activation: given.activationFn,
    dropout: given.dropout,
    attentionDropout: given.attentionDropout,
    activationDropout: given.activationDropout,
    checkpointActivations: given.checkpointActivations,
  };
}

function embeddingOptions(given: TransformerOptions, embed: number, context: ModelContext, side: Side) {
  const learned = side === 'encoder' ? given.encoderLearnedPos : given.decoderLearnedPos;
  const learnedOrSinusoidal = learned ? ('learned' as const) : ('sinusoidal' as const);
  return {
    embed,
    padIndex: context.padIndex,
    maxPositions: side === 'encoder' ? context.maxSourcePositions : context.maxTargetPositions,
    positions: given.noTokenPositionalEmbeddings ? ('none' as const) : learnedOrSinusoidal,
    scale: given.noScaleEmbedding ? 1 : Math.sqrt(embed),
    layerNorm: given.layernormEmbedding,
  };
}

/** @throws UserError for options that do not go together */
function checkOptions(given: TransformerOptions, context: ModelContext): void {
  const decoderEmbed = given.decoderEmbedDim ?? given.encoderEmbedDim;
  const sides = [
    ['encoder', given.encoderEmbedDim, given.encoderAttentionHeads],
    ['decoder', decoderEmbed, given.decoderAttentionHeads],
  ] as const;
  for (const [side, embed, heads] of sides) {
    if (embed % heads !== 0) {
      throw new UserError(
        `--${side}-embed-dim ${embed} is not a multiple of --${side}-attention-heads ${heads}`,
        'choose a width that the heads divide',
      );
    }
    if (embed % 2 !== 0) throw new UserError(`--${side}-embed-dim ${embed} is odd`, 'positions need an even width');
  }
  if (decoderEmbed !== given.encoderEmbedDim) {
    throw new UserError(
      `--decoder-embed-dim ${decoderEmbed} differs from --encoder-embed-dim ${given.encoderEmbedDim}`,
      'give both the same width: other widths are not supported',
    );
  }
  if (given.shareAllEmbeddings && !context.joinedDictionary) {
    throw new UserError(
      '--share-all-embeddings needs one dictionary for both languages',
      'preprocess with --joined-dictionary, or leave the option out',
    );
  }
  const { encoderEmbedPath, decoderEmbedPath } = given;
  if (given.shareAllEmbeddings && decoderEmbedPath !== null && decoderEmbedPath !== encoderEmbedPath) {
    throw new UserError(
      '--share-all-embeddings has one table, and --decoder-embed-path names another file than --encoder-embed-path',
      'give --encoder-embed-path alone',
    );
  }
}
