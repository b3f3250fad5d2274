import type { Parameter, ParameterStore } from '../optim/parameter-store.js';
import type { LayerDrop } from './layer-drop.js';
import type { LayerNorm } from './layer-norm.js';
import type { TransformerEmbedding } from './transformer-embedding.js';
import type { TransformerDecoderLayer, TransformerEncoderLayer } from './transformer-layer.js';

/** The encoder or the decoder of a Transformer. */
export interface Stack<Layer> {
  readonly embedding: TransformerEmbedding;
  readonly layers: readonly Layer[];
  readonly layerDrop: LayerDrop;
  /** The normalisation after the last layer; null with post-norm layers. */
  readonly finalNorm: LayerNorm | null;
}

/** The modules and parameters that make up a Transformer. */
export interface TransformerParts {
  readonly parameters: ParameterStore;
  readonly encoder: Stack<TransformerEncoderLayer>;
  readonly decoder: Stack<TransformerDecoderLayer>;
  /** [vocab, embed]; the decoder's embedding table if the two are shared. */
  readonly outputProjection: Parameter;
  readonly padIndex: number;
}
