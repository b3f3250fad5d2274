import { type RowChoice, type RowLayout, tokenLayout } from '../ops/row-layout.js';
import type { ParameterStore } from '../optim/parameter-store.js';
import type {
  Classifier,
  DecoderOutput,
  DecodeStep,
  EncoderOutput,
  FusedDecoding,
  Mode,
  TokenTable,
  TranslationModel,
} from '../plugins/model.js';
import { EVALUATION, type IncrementalState } from '../plugins/model.js';
import * as tf from '../tf/index.js';
import { DecodingState } from './decoding-state.js';
import { PackedTransformer } from './packed-transformer.js';
import type { TransformerParts } from './transformer-parts.js';

const SYMBOL_TABLES: Readonly<Record<string, 'source' | 'target'>> = {
  'encoder.embed_tokens.weight': 'source',
  'decoder.embed_tokens.weight': 'target',
  'decoder.output_projection.weight': 'target',
};

/** The Transformer of Vaswani et al. 2017, "Attention is all you need", as in fairseq's `transformer`. */
export class Transformer implements TranslationModel {
  readonly parameters: ParameterStore;
  readonly maxPositions: { readonly source: number; readonly target: number };
  readonly leavesLayersOut: boolean;
  readonly symbolTables: Readonly<Record<string, 'source' | 'target'>>;
  readonly #parts: TransformerParts;
  readonly #packed: PackedTransformer;

  constructor(parts: TransformerParts) {
    this.#parts = parts;
    this.leavesLayersOut = parts.encoder.layerDrop.probability > 0 || parts.decoder.layerDrop.probability > 0;
    this.#packed = new PackedTransformer(parts);
    this.parameters = parts.parameters;
    // A shared table is declared only under its first name.
    const declared = new Set(parts.parameters.parameters.map(({ name }) => name));
    this.symbolTables = Object.fromEntries(Object.entries(SYMBOL_TABLES).filter(([name]) => declared.has(name)));
    this.maxPositions = {
      source: parts.encoder.embedding.options.maxPositions,
      target: parts.decoder.embedding.options.maxPositions,
    };
  }

  encode(source: TokenTable, mode: Mode): EncoderOutput {
    const { embedding, layers, layerDrop, finalNorm } = this.#parts.encoder;
    const layout = this.#layout(source, 'tokens');
    let x = embedding.apply(rowsOf(source, layout), layout, mode);
    for (const layer of layerDrop.choose(layers, mode)) x = layer.apply(x, layout, mode);
    return { features: finalNorm?.apply(x) ?? x, layout };
  }

  decode(prevOutput: TokenTable, encoderOutput: EncoderOutput, mode: Mode, rows: RowChoice = 'tokens'): DecoderOutput {
    const { embedding, layers, layerDrop, finalNorm } = this.#parts.decoder;
    const layout = this.#layout(prevOutput, rows);
    let x = embedding.apply(rowsOf(prevOutput, layout), layout, mode);
    for (const layer of layerDrop.choose(layers, mode)) x = layer.apply(x, layout, encoderOutput, mode);
    return { features: finalNorm?.apply(x) ?? x, positions: layout.positions };
  }

  classifier(features: tf.Tensor2D): Classifier {
    return { features, weights: this.#parts.outputProjection.tensor as tf.Tensor2D };
  }

  startDecoding(encoderOutput: EncoderOutput, beam: number, capacity: number, attention = false): IncrementalState {
    return new DecodingState(this.#parts.decoder.layers, encoderOutput, beam, capacity, attention);
  }

  startFusedDecoding(source: TokenTable, beam: number): FusedDecoding | null {
    return this.#packed.startDecoding(source, beam);
  }

  decodeStep(tokens: tf.Tensor1D, incrementalState: IncrementalState): DecodeStep {
    const state = incrementalState as DecodingState;
    const { embedding, layers, finalNorm } = this.#parts.decoder;
    const [features, attention, ...keyValues] = tf.tidy(() => {
      let x = embedding.applyAt(tokens, state.length, EVALUATION);
      const layouts = state.stepLayouts();
      let sourceWeights: tf.Tensor | null = null;
      const newKeyValues = layers.map((layer, index) => {
        const isLast = index === layers.length - 1;
        const observe = (weights: tf.Tensor3D): void => {
          sourceWeights = tf.reshape(weights, [x.shape[0], -1]);
        };
        const observer = isLast && state.wantsAttention ? observe : undefined;
        const step = layer.step(x, state.past(index), layouts, state.memory(index), EVALUATION, observer);
        x = step.output;
        return step.keyValue;
      });
      // tidy returns arrays of tensors only, so an empty tensor stands for no attention.
      return [finalNorm?.apply(x) ?? x, sourceWeights ?? tf.zeros([0]), ...newKeyValues];
    });
    state.advance(keyValues as tf.Tensor3D[]);
    if (state.wantsAttention) return { features: features as tf.Tensor2D, attention: attention as tf.Tensor2D };
    attention!.dispose();
    return { features: features as tf.Tensor2D, attention: null };
  }

  /** Frees the parameters, the tables of positions and the packed weights. */
  dispose(): void {
    this.#packed.dispose();
    this.parameters.dispose();
    this.#parts.encoder.embedding.dispose();
    this.#parts.decoder.embedding.dispose();
  }

  #layout({ ids, batch, time }: TokenTable, rows: RowChoice): RowLayout {
    return tokenLayout(ids, [batch, time], this.#parts.padIndex, rows);
  }
}

const rowsOf = ({ ids }: TokenTable, { positions }: RowLayout): Int32Array =>
  positions.map((position) => ids[position]!);
