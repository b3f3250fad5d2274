import { InternalError } from '../errors.js';

/** One sentence pair as ids, both sides ended by `</s>`. */
export interface SentencePair {
  /** Its position in the split, from 0. */
  readonly id: number;
  readonly source: Int32Array;
  readonly target: Int32Array | null;
  /** The tokens that the source's ids stand for, without `</s>`, where it is text and an id may be `<unk>`. */
  readonly words?: readonly string[];
}

/** How sentences are padded. */
export interface CollateOptions {
  readonly padIndex: number;
  readonly eosIndex: number;
  readonly leftPadSource?: boolean;
  readonly leftPadTarget?: boolean;
}

/** What the encoder reads. Sentences stand by source length, longest first. */
export interface SourceBatch {
  readonly ids: Int32Array; // [batch], positions in the split
  readonly batchSize: number;
  readonly sourceLength: number; // of the padded axis
  readonly sourceTokens: Int32Array; // [batch, source], row-major
  readonly sourceLengths: Int32Array; // [batch], with </s>
  readonly sourceTokenCount: number; // without padding
}

/** A batch with its references, as training, validation and `generate` need it. */
export interface TranslationBatch extends SourceBatch {
  readonly padIndex: number;
  readonly targetLength: number; // of the padded axis
  readonly prevOutputTokens: Int32Array; // [batch, target], begins with </s>
  readonly target: Int32Array; // [batch, target], ends with </s>
  readonly targetLengths: Int32Array; // [batch], with </s>
  readonly ntokens: number; // target tokens without padding
  /** Flat positions in [batch, target] of the tokens that are no padding, nor a literal `<pad>`: the rows of the loss. */
  readonly rowIndex: Int32Array; // [ntokens]
  readonly rowTargets: Int32Array; // [ntokens], the target of each such row
}

/** Pads the source side of a batch, sentences sorted by source length, longest first (ties stay in order). */
export function collateSource(sentences: readonly SentencePair[], options: CollateOptions): SourceBatch {
  return padSource(longestFirst(sentences), options);
}

/**
 * Pads a batch of sentence pairs as fairseq does: source to the left, target to the right; the decoder's input is the
 * target with its `</s>` moved to the front.
 *
 * @throws InternalError if a pair has no target
 */
export function collate(sentences: readonly SentencePair[], options: CollateOptions): TranslationBatch {
  const { padIndex, eosIndex, leftPadTarget = false } = options;
  const ordered = longestFirst(sentences);
  const targets = ordered.map(({ id, target }) => {
    if (target === null) throw new InternalError(`sentence ${id} has no target`);
    return target;
  });
  const target = pad(targets, padIndex, leftPadTarget);
  const rowIndex = rowsThatCount(target.tokens, padIndex);
  return {
    ...padSource(ordered, options),
    padIndex,
    targetLength: target.length,
    prevOutputTokens: pad(
      targets.map((ids) => shiftRight(ids, eosIndex)),
      padIndex,
      leftPadTarget,
    ).tokens,
    target: target.tokens,
    targetLengths: Int32Array.from(targets, (ids) => ids.length),
    ntokens: rowIndex.length,
    rowIndex,
    rowTargets: rowIndex.map((position) => target.tokens[position]!),
  };
}

function longestFirst(sentences: readonly SentencePair[]): readonly SentencePair[] {
  return [...sentences].sort((a, b) => b.source.length - a.source.length);
}

function padSource(ordered: readonly SentencePair[], { padIndex, leftPadSource = true }: CollateOptions): SourceBatch {
  const source = pad(
    ordered.map((sentence) => sentence.source),
    padIndex,
    leftPadSource,
  );
  const sourceLengths = Int32Array.from(ordered, (sentence) => sentence.source.length);
  return {
    ids: Int32Array.from(ordered, ({ id }) => id),
    batchSize: ordered.length,
    sourceLength: source.length,
    sourceTokens: source.tokens,
    sourceLengths,
    sourceTokenCount: sourceLengths.reduce((total, length) => total + length, 0),
  };
}

/** Rows of ids under each other, padded to the longest. */
function pad(
  rows: readonly Int32Array[],
  padIndex: number,
  onTheLeft: boolean,
): { tokens: Int32Array /* [rows, length] */; length: number } {
  const length = rows.reduce((longest, row) => Math.max(longest, row.length), 0);
  const tokens = new Int32Array(rows.length * length).fill(padIndex);
  for (const [at, row] of rows.entries()) tokens.set(row, at * length + (onTheLeft ? length - row.length : 0));
  return { tokens, length };
}

/** `a b </s>` → `</s> a b`: what the decoder reads to predict each token. */
function shiftRight(target: Int32Array, eosIndex: number): Int32Array {
  const shifted = new Int32Array(target.length);
  shifted[0] = eosIndex;
  shifted.set(target.subarray(0, -1), 1);
  return shifted;
}

function rowsThatCount(target: Int32Array, padIndex: number): Int32Array {
  const rows: number[] = [];
  for (let position = 0; position < target.length; position++) if (target[position] !== padIndex) rows.push(position);
  return Int32Array.from(rows);
}
