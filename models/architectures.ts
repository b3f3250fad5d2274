import { type ArchitectureDefinition, defineArchitecture } from '../src/plugins/model.js';
import { transformer } from './transformer.js';

/** Width, inner width, layers and heads of encoder and decoder. */
const size = (embed: number, inner: number, layers: number, heads: number): Record<string, number> => ({
  encoderEmbedDim: embed,
  encoderFfnEmbedDim: inner,
  encoderLayers: layers,
  encoderAttentionHeads: heads,
  decoderEmbedDim: embed,
  decoderFfnEmbedDim: inner,
  decoderLayers: layers,
  decoderAttentionHeads: heads,
});

/** fairseq gives the decoder of `transformer_tiny` the widths of the encoder, unless an option says otherwise. */
const tiny = {
  encoderEmbedDim: 64,
  encoderFfnEmbedDim: 64,
  encoderLayers: 2,
  encoderAttentionHeads: 2,
  decoderLayers: 2,
  decoderAttentionHeads: 2,
};

const big = { ...size(1024, 4096, 6, 16), dropout: 0.3 };

const architecture = (
  name: string,
  summary: string,
  defaults: ArchitectureDefinition['defaults'],
): ArchitectureDefinition => defineArchitecture({ name, model: transformer, summary, defaults });

/** fairseq's `--arch` names for the transformer. */
export const architectures: readonly ArchitectureDefinition[] = [
  architecture('transformer', 'base: 6+6 layers, 512/2048, 8 heads', {}),
  architecture('transformer_tiny', '2+2 layers, 64/64, 2 heads', tiny),
  architecture('transformer_iwslt_de_en', '6+6 layers, 512/1024, 4 heads', size(512, 1024, 6, 4)),
  architecture('transformer_wmt_en_de', 'the same as transformer', {}),
  architecture('transformer_vaswani_wmt_en_de_big', 'big: 6+6 layers, 1024/4096, 16 heads, dropout 0.3', big),
  architecture('transformer_vaswani_wmt_en_fr_big', 'big with dropout 0.1', { ...big, dropout: 0.1 }),
  architecture('transformer_wmt_en_de_big', 'big with attention dropout 0.1', { ...big, attentionDropout: 0.1 }),
  architecture('transformer_wmt_en_de_big_t2t', 'big, pre-norm, attention and activation dropout 0.1', {
    ...big,
    encoderNormalizeBefore: true,
    decoderNormalizeBefore: true,
    attentionDropout: 0.1,
    activationDropout: 0.1,
  }),
];
