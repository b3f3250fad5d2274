import type { DropoutKey } from '../ops/random.js';
import type { RowChoice, RowLayout } from '../ops/row-layout.js';
import type { ParameterStore } from '../optim/parameter-store.js';
import type { OptionSchema, OptionsOf } from '../options/schema.js';
import type { Tensor1D, Tensor2D } from '../tf/index.js';

/** A linear classifier over rows, not yet applied: the [rows, vocab] logits are a matter of the criterion or the search. */
export interface Classifier {
  readonly features: Tensor2D; // float32 [rows, embed]
  readonly weights: Tensor2D; // float32 [vocab, embed]
}

/** Training draws dropout masks from `dropout`; evaluation has none. */
export interface Mode {
  readonly dropout: DropoutKey | null; // the key of this pass's masks; null: no dropout
}

/** The mode without dropout. */
export const EVALUATION: Mode = { dropout: null };

/** Token ids of a batch of sequences, padded to one length. */
export interface TokenTable {
  readonly ids: Int32Array; // [batch, time]
  readonly batch: number; // number of sequences
  readonly time: number; // length of the longest sequence
}

/** Rows are the tokens of the source, sentence after sentence, without padding. */
export interface EncoderOutput {
  readonly features: Tensor2D; // float32 [rows, embed]
  readonly layout: RowLayout; // which rows belong to which sentence
}

/** Rows of the target: its tokens, or every position where a criterion scores padding too. */
export interface DecoderOutput {
  readonly features: Tensor2D; // float32 [rows, embed]
  readonly positions: Int32Array; // [rows], where each row stands in [batch, target], in order
}

/**
 * Keys and values of the tokens decoded so far, for one model and one batch of beams. Rows are hypotheses
 * (batch × beam). Holds tensors across calls: whoever makes it disposes it.
 */
export interface IncrementalState {
  /** Tokens decoded so far. */
  readonly length: number;
  /** Row i of the state becomes what row rows[i] was; fewer rows drop finished sentences. */
  select(rows: Int32Array): void;
  /** Frees the keys and values. */
  dispose(): void;
}

/** An encoder-decoder as training and search need it. Pure over its parameters: tensors made in a call are the caller's. */
export interface TranslationModel {
  readonly parameters: ParameterStore; // all weights; the model disposes them
  /** The longest source and target (tokens with `</s>`) that the position tables allow. */
  readonly maxPositions: { readonly source: number; readonly target: number };
  /** True where training may do without some layers in a pass: their parameters then have no gradient. */
  readonly leavesLayersOut?: boolean;
  /**
   * The parameters with a row for each symbol of a dictionary, [vocab, width], by name; of a table that both sides share
   * either one. Without it --finetune-dictionaries is refused.
   */
  readonly symbolTables?: Readonly<Record<string, 'source' | 'target'>>;
  /** Where a model of --user-dir is defined, for messages; `checkedModel` sets it. */
  readonly source?: string;
  /** Encodes a batch of source sentences. */
  encode(source: TokenTable, mode: Mode): EncoderOutput;
  /**
   * Teacher forcing.
   * @param prevOutput the target moved on by one: it begins with `</s>`
   * @param rows whether padding is decoded too [only tokens]
   */
  decode(prevOutput: TokenTable, encoderOutput: EncoderOutput, mode: Mode, rows?: RowChoice): DecoderOutput;
  /** The output projection over chosen rows of features. */
  classifier(features: Tensor2D /* float32 [rows, embed] */): Classifier;
  /** Starts decoding: the encoder's keys and values are projected once; row r of the state reads sentence r / beam. */
  startDecoding(encoderOutput: EncoderOutput, beam: number, capacity: number, attention?: boolean): IncrementalState;
  /** One step: consumes the newest token of each hypothesis, returns its features and grows the state by one. */
  decodeStep(tokens: Tensor1D /* int32 [rows] */, state: IncrementalState): DecodeStep;
  /**
   * The same search with all layers of a step in one native call, where the device and the model have that; null, or no
   * such method, where not. It gives no attention.
   */
  startFusedDecoding?(source: TokenTable, beam: number): FusedDecoding | null;
  /** Frees the parameters and whatever else the model keeps on the device. */
  dispose(): void;
}

/** Hypotheses of a batch under way in native code, row r of sentence ⌊r / beam⌋. Whoever makes it disposes it. */
export interface FusedDecoding {
  /** One step and the choice of the likeliest tokens, good until the next one; `EngineDecoding.top` describes it. */
  stepTop(
    tokens: Int32Array, // [rows]
    width: number,
    temperature: number,
    penalties: Float32Array | null, // [vocab], added to log p
  ): Float32Array; // [rows, 2 · width]
  /** One step: features [rows, embed], a tensor of the caller's scope. */
  step(tokens: Int32Array): Tensor2D;
  select(rows: Int32Array): void;
  dispose(): void;
}

/** The result of one decoding step; the caller's scope owns the tensors. */
export interface DecodeStep {
  readonly features: Tensor2D; // float32 [rows, embed]
  /** Attention of the last decoder layer to the source, averaged over heads, where startDecoding asked for it. */
  readonly attention: Tensor2D | null; // float32 [rows, source]
}

/** What a model is built for: sizes and special symbols from the task's dictionaries. */
export interface ModelContext {
  readonly sourceVocab: number; // size of the source dictionary
  readonly targetVocab: number; // size of the target dictionary
  readonly padIndex: number; // id of `<pad>` in both dictionaries
  readonly eosIndex: number; // id of `</s>` in both dictionaries
  /** The longest source and target sentences, in tokens with `</s>`, for the position tables. */
  readonly maxSourcePositions: number;
  readonly maxTargetPositions: number; // tokens with `</s>`
  /** True when source and target dictionaries are the same, as shared embeddings need. */
  readonly joinedDictionary: boolean;
  /** Seeds the initialisation; null leaves weights zero because a checkpoint fills them. */
  readonly seed: number | null;
  /** Overwrites rows of a side's fresh table [vocab, width] by the vectors of a file; absent where a checkpoint fills it. */
  readonly fillEmbeddings?: (side: 'source' | 'target', path: string, table: Float32Array, width: number) => void;
}

/** A model plug-in; make one with `defineModel`. */
export interface ModelDefinition<S extends OptionSchema = OptionSchema> {
  readonly kind: 'model';
  readonly name: string; // architectures and checkpoints refer to it
  readonly summary: string; // one line for `--help`
  readonly options: S; // become flags of `train`
  /** Keys of the options that the model has had from the first: a checkpoint that does not record them is damaged. */
  readonly alwaysRecorded?: readonly string[];
  /** Builds the model and its parameters, initialised as the context says. */
  build(options: OptionsOf<S>, context: ModelContext): TranslationModel;
}

/** Makes a model plug-in. */
export function defineModel<const S extends OptionSchema>(
  definition: Omit<ModelDefinition<S>, 'kind'>,
): ModelDefinition<S> {
  return { kind: 'model', ...definition };
}

/** A named set of defaults for a model's options: fairseq's `--arch`. */
export interface ArchitectureDefinition {
  readonly kind: 'architecture';
  readonly name: string; // the value of `--arch`
  readonly model: ModelDefinition; // the model that it configures
  readonly summary: string; // one line for `--help`
  /** Overrides of the model's own defaults. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** Makes an architecture plug-in: a model with other defaults. */
export function defineArchitecture(definition: Omit<ArchitectureDefinition, 'kind'>): ArchitectureDefinition {
  return { kind: 'architecture', ...definition };
}
