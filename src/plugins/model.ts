import type { DropoutKey } from '../ops/random.js';
import type { RowChoice, RowLayout } from '../ops/row-layout.js';
import type { ParameterStore } from '../optim/parameter-store.js';
import type { OptionSchema, OptionsOf } from '../options/schema.js';
import type { Tensor1D, Tensor2D } from '../tf/index.js';

/** A linear classifier that is not applied yet: the criterion or the search computes the [rows, vocab] logits. */
export interface Classifier {
  readonly features: Tensor2D; // float32 [rows, embed]
  readonly weights: Tensor2D; // float32 [vocab, embed]
}

/** Training or evaluation. Training derives its dropout masks from `dropout`; evaluation has no dropout. */
export interface Mode {
  readonly dropout: DropoutKey | null; // the key of this pass's masks; null: no dropout
}

/** The mode of validation and search: no dropout. */
export const EVALUATION: Mode = { dropout: null };

/** Token ids of a batch of sequences, padded to the same length. */
export interface TokenTable {
  readonly ids: Int32Array; // [batch, time]
  readonly batch: number; // number of sequences
  readonly time: number; // length of the longest sequence
}

/** The encoded source. Rows are the tokens of the source, sentence after sentence, without padding. */
export interface EncoderOutput {
  readonly features: Tensor2D; // float32 [rows, embed]
  readonly layout: RowLayout; // which rows belong to which sentence
}

/** The decoded target. Rows are its tokens, or all positions if the criterion scores padding. */
export interface DecoderOutput {
  readonly features: Tensor2D; // float32 [rows, embed]
  readonly positions: Int32Array; // [rows], the index of each row in [batch, target], ascending
}

/**
 * Keys and values of the tokens decoded so far, for one model and one batch of beams. Rows are hypotheses
 * (batch × beam). It owns tensors; the caller of `startDecoding` disposes it.
 */
export interface IncrementalState {
  /** The number of tokens decoded so far. */
  readonly length: number;
  /** Replaces row i by the former row rows[i]. Fewer rows than before drop finished sentences. */
  select(rows: Int32Array): void;
  /** Frees the keys and values. */
  dispose(): void;
}

/** An encoder-decoder. Its methods are pure functions of the parameters; the caller owns the tensors they return. */
export interface TranslationModel {
  readonly parameters: ParameterStore; // all weights
  /** The longest source and target that the model accepts, in tokens including `</s>`. */
  readonly maxPositions: { readonly source: number; readonly target: number };
  /** Whether a training pass may skip layers (LayerDrop), whose parameters then have no gradient. [false] */
  readonly leavesLayersOut?: boolean;
  /**
   * The parameters [vocab, width] with one row per dictionary symbol, and the side of that dictionary. For a table that
   * both sides share, either side will do. --finetune-dictionaries requires it.
   */
  readonly symbolTables?: Readonly<Record<string, 'source' | 'target'>>;
  /** The file of --user-dir that defines the model, for messages; `checkedModel` sets it. */
  readonly source?: string;
  /** Encodes a batch of source sentences. */
  encode(source: TokenTable, mode: Mode): EncoderOutput;
  /**
   * Decodes whole target sentences (teacher forcing).
   * @param prevOutput the target shifted right by one; it begins with `</s>`
   * @param rows whether to decode padding too ['tokens': no]
   */
  decode(prevOutput: TokenTable, encoderOutput: EncoderOutput, mode: Mode, rows?: RowChoice): DecoderOutput;
  /** The output projection of some rows of features. */
  classifier(features: Tensor2D /* float32 [rows, embed] */): Classifier;
  /**
   * Starts a search. Row r of the state belongs to sentence ⌊r / beam⌋.
   * @param capacity the largest number of steps
   * @param attention whether steps return attention weights [false]
   */
  startDecoding(encoderOutput: EncoderOutput, beam: number, capacity: number, attention?: boolean): IncrementalState;
  /** Appends the newest token of each hypothesis to the state, and returns the features of the next token. */
  decodeStep(tokens: Tensor1D /* int32 [rows] */, state: IncrementalState): DecodeStep;
  /**
   * Starts a search that computes all layers of a step in one native call, without attention weights. Null, or no such
   * method, if the device or the model does not support it.
   */
  startFusedDecoding?(source: TokenTable, beam: number): FusedDecoding | null;
  /** Frees the parameters and everything else that the model keeps on the device. */
  dispose(): void;
}

/** A search in native code. Row r belongs to sentence ⌊r / beam⌋. The caller of `startFusedDecoding` disposes it. */
export interface FusedDecoding {
  /** One step; returns the most likely tokens as `EngineDecoding.top` does. The array is valid until the next step. */
  stepTop(
    tokens: Int32Array, // [rows]
    width: number,
    temperature: number,
    penalties: Float32Array | null, // [vocab], added to log p
  ): Float32Array; // [rows, 2 · width]
  /** One step; returns features float32 [rows, embed], which the caller owns. */
  step(tokens: Int32Array): Tensor2D;
  /** Replaces row i by the former row rows[i]. */
  select(rows: Int32Array): void;
  dispose(): void;
}

/** The result of one step of a search. */
export interface DecodeStep {
  readonly features: Tensor2D; // float32 [rows, embed]
  /** Attention of the last decoder layer to the source, averaged over heads; null unless startDecoding requested it. */
  readonly attention: Tensor2D | null; // float32 [rows, source]
}

/** What a model needs to know of its task: sizes, special symbols and the seed. */
export interface ModelContext {
  readonly sourceVocab: number; // symbols of the source dictionary
  readonly targetVocab: number; // symbols of the target dictionary
  readonly padIndex: number; // of <pad>, in both dictionaries
  readonly eosIndex: number; // of </s>, in both dictionaries
  /** The longest source sentence in tokens, including `</s>`. */
  readonly maxSourcePositions: number;
  readonly maxTargetPositions: number; // the longest target, in tokens with </s>
  /** Whether source and target use the same dictionary, which shared embeddings require. */
  readonly joinedDictionary: boolean;
  /** The seed of the initialisation; null leaves the weights zero because a checkpoint fills them. */
  readonly seed: number | null;
  /** Fills rows of a new table [vocab, width] with the vectors in a file; absent if a checkpoint fills the table. */
  readonly fillEmbeddings?: (side: 'source' | 'target', path: string, table: Float32Array, width: number) => void;
}

/** A model plug-in: its name, its options and how to build it. */
export interface ModelDefinition<S extends OptionSchema = OptionSchema> {
  readonly kind: 'model';
  readonly name: string; // of the model in checkpoints
  /** A one-line description for `--help`. */
  readonly summary: string;
  readonly options: S; // of the command line
  /** Options that every checkpoint of the model records: a checkpoint without one of them is damaged. */
  readonly alwaysRecorded?: readonly string[];
  /** Builds the model and its parameters, initialised as the context says. */
  build(options: OptionsOf<S>, context: ModelContext): TranslationModel;
}

/** Declares a model plug-in. It has no side effects. */
export function defineModel<const S extends OptionSchema>(
  definition: Omit<ModelDefinition<S>, 'kind'>,
): ModelDefinition<S> {
  return { kind: 'model', ...definition };
}

/** A named set of default values for a model's options: fairseq's `--arch`. */
export interface ArchitectureDefinition {
  readonly kind: 'architecture';
  readonly name: string; // the value of --arch
  readonly model: ModelDefinition; // the model that it configures
  /** A one-line description for `--help`. */
  readonly summary: string;
  /** Values that replace the model's own defaults. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** Declares an architecture plug-in. It has no side effects. */
export function defineArchitecture(definition: Omit<ArchitectureDefinition, 'kind'>): ArchitectureDefinition {
  return { kind: 'architecture', ...definition };
}
