import {
  defineModel,
  type EncoderOutput,
  type IncrementalState,
  type Mode,
  type ModelContext,
  type TokenTable,
  type TranslationModel,
  tf,
} from 'ts-fairseq';
import {
  Linear,
  lookUp,
  normal,
  type Parameter,
  ParameterStore,
  type RowChoice,
  type RowLayout,
  tokenLayout,
  uniformSource,
} from 'ts-fairseq/nn';

/**
 * A minimal model as a plug-in. It predicts the next token from the previous token and the mean of the source:
 *   h = relu(W·[e(previous token); mean of e(source tokens)] + b),  p = softmax(E·h)
 *
 *   ts-fairseq train data-bin/de-en --user-dir examples/model --arch bag_of_words --lr 5e-4 …
 */
export const bagOfWords = defineModel({
  name: 'bag_of_words',
  summary: 'predicts the next token from the previous token and the mean of the source',
  options: { bagDim: { kind: 'int', default: 128, min: 1, help: 'width of embeddings' } },
  build: ({ bagDim }, context) => new BagOfWords(bagDim, context),
});

class BagOfWords implements TranslationModel {
  readonly parameters = new ParameterStore();
  readonly maxPositions: { readonly source: number; readonly target: number };
  /** For --finetune-dictionaries: the tables whose rows belong to the symbols of a dictionary. */
  readonly symbolTables = {
    'encoder.embed_tokens.weight': 'source',
    'decoder.embed_tokens.weight': 'target',
  } as const;
  readonly #padIndex: number;
  readonly #source: Parameter; // [source vocab, dim]
  readonly #target: Parameter; // [target vocab, dim]
  readonly #hidden: Linear; // 2 · dim → dim

  constructor(dim: number, context: ModelContext) {
    const { padIndex, sourceVocab, targetVocab, seed } = context;
    this.maxPositions = { source: context.maxSourcePositions, target: context.maxTargetPositions };
    this.#padIndex = padIndex;
    const embedding = normal(dim ** -0.5, padIndex);
    this.#source = this.parameters.parameter('encoder.embed_tokens.weight', [sourceVocab, dim], embedding);
    this.#target = this.parameters.parameter('decoder.embed_tokens.weight', [targetVocab, dim], embedding);
    this.#hidden = Linear.declare(this.parameters, 'decoder.hidden', 2 * dim, dim);
    this.parameters.build(seed === null ? null : uniformSource(seed)); // after the last declaration
  }

  encode({ ids, batch, time }: TokenTable, _mode: Mode): EncoderOutput {
    const layout = tokenLayout(ids, [batch, time], this.#padIndex);
    return { features: this.#embed(this.#source, idsOf(ids, layout)), layout };
  }

  decode({ ids, batch, time }: TokenTable, source: EncoderOutput, _mode: Mode, rows?: RowChoice) {
    const layout = tokenLayout(ids, [batch, time], this.#padIndex, rows);
    const sentences = layout.positions.map((position) => Math.floor(position / time)); // the sentence of each row
    // A matrix product, because the gradient of tf.gather is slow.
    const means = tf.matMul<tf.Tensor2D>(tf.oneHot(toTensor(sentences), batch), meanOfSentences(source));
    const features = this.#apply(idsOf(ids, layout), means);
    return { features, positions: layout.positions };
  }

  classifier(features: tf.Tensor2D) {
    return { features, weights: this.#target.tensor as tf.Tensor2D };
  }

  startDecoding(source: EncoderOutput, beam: number): BagState {
    const rows = Int32Array.from({ length: source.layout.batch * beam }, (_, row) => Math.floor(row / beam));
    return new BagState(tf.gather(meanOfSentences(source), toTensor(rows)));
  }

  decodeStep(tokens: tf.Tensor1D, state: IncrementalState) {
    const bag = state as BagState;
    bag.length += 1;
    return { features: this.#apply(tokens, bag.means), attention: null };
  }

  dispose(): void {
    this.parameters.dispose();
  }

  /** float32 [rows, dim] */
  #embed(table: Parameter, ids: tf.Tensor1D /* int32 [rows] */): tf.Tensor2D {
    return lookUp(table.tensor as tf.Tensor2D, ids, this.#padIndex);
  }

  /** float32 [rows, dim] */
  #apply(previous: tf.Tensor1D /* int32 [rows] */, means: tf.Tensor2D /* float32 [rows, dim] */): tf.Tensor2D {
    return this.#hidden.apply(tf.concat([this.#embed(this.#target, previous), means], 1), 'relu');
  }
}

/** The state of a search: the mean of the source for each hypothesis. */
class BagState implements IncrementalState {
  length = 0;

  constructor(public means: tf.Tensor2D) {
    tf.keep(means);
  }

  select(rows: Int32Array): void {
    const { means } = this;
    this.means = tf.tidy(() => tf.keep(tf.gather(means, toTensor(rows))));
    means.dispose();
  }

  dispose(): void {
    this.means.dispose();
  }
}

const toTensor = (ids: Int32Array): tf.Tensor1D => tf.tensor1d(ids, 'int32');

const idsOf = (ids: Int32Array, { positions }: RowLayout): tf.Tensor1D =>
  toTensor(positions.map((position) => ids[position]!));

/** float32 [batch, dim]: the product with a matrix that has 1/n in the n columns of a sentence's rows. */
function meanOfSentences({ features, layout: { batch, rows, starts } }: EncoderOutput): tf.Tensor2D {
  const shares = new Float32Array(batch * rows);
  for (let sentence = 0; sentence < batch; sentence++) {
    const [begin, end] = [starts[sentence]!, starts[sentence + 1]!];
    shares.fill(1 / (end - begin), sentence * rows + begin, sentence * rows + end);
  }
  return tf.matMul(tf.tensor2d(shares, [batch, rows]), features);
}
