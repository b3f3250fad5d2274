/** The most likely next tokens of every row, as read from the device. */
export interface RowCandidates {
  readonly width: number; // candidates per row
  readonly stride: number; // numbers per row of `table`
  /**
   * float32 [rows, stride]: `width` log-probabilities, best first; their `width` tokens; attention to the source, if it
   * is kept; the log-probabilities of the whole vocabulary, if a strategy reads them.
   */
  readonly table: Float32Array;
  /** The number of log-probabilities at the end of a row: the vocabulary size, or 0. */
  readonly vocabulary?: number;
}

/** The log-probabilities of every token in a row, for strategies that read them: float32 [vocab]. */
export function logProbsOf({ table, stride, vocabulary = 0 }: RowCandidates, row: number): Float32Array {
  return table.subarray((row + 1) * stride - vocabulary, (row + 1) * stride);
}

/** The most likely tokens of a row, best first. */
export function* likeliestTokens(
  { table, stride, width }: RowCandidates,
  row: number,
): Generator<{ token: number; logProb: number }, void, undefined> {
  for (let at = row * stride; at < row * stride + width; at++) yield { token: table[at + width]!, logProb: table[at]! };
}

/** Rules out a token: it moves to the end of the row's most likely tokens, with log p −∞. */
export function banToken({ table, stride, width }: RowCandidates, row: number, token: number): void {
  const values = table.subarray(row * stride, row * stride + width);
  const tokens = table.subarray(row * stride + width, row * stride + 2 * width);
  const found = tokens.indexOf(token);
  if (found < 0) return;
  values.copyWithin(found, found + 1);
  tokens.copyWithin(found, found + 1);
  values[width - 1] = Number.NEGATIVE_INFINITY;
  tokens[width - 1] = token;
}

/** Makes a token the most likely of a row, with log p 0. */
export function forceToken({ table, stride, width }: RowCandidates, row: number, token: number): void {
  const values = table.subarray(row * stride, row * stride + width);
  const tokens = table.subarray(row * stride + width, row * stride + 2 * width);
  const found = tokens.indexOf(token);
  values.copyWithin(1, 0, found < 0 ? width - 1 : found);
  tokens.copyWithin(1, 0, found < 0 ? width - 1 : found);
  values[0] = 0;
  tokens[0] = token;
}

/** The best continuations of a sentence at one step, best first. */
export interface Candidates {
  readonly beams: Int32Array; // [candidates], the beam that each continues
  readonly tokens: Int32Array; // [candidates]
  readonly scores: Float32Array; // [candidates], Σ log p
}

/** A continuation of one beam by one token. */
export interface Continuation {
  readonly beam: number;
  readonly token: number;
  readonly score: number; // float32
}

/** Converts continuations to columns. */
export function toCandidates(continuations: readonly Continuation[]): Candidates {
  return {
    beams: Int32Array.from(continuations, ({ beam }) => beam),
    tokens: Int32Array.from(continuations, ({ token }) => token),
    scores: Float32Array.from(continuations, ({ score }) => score),
  };
}

/** The rows of a sentence: `[firstRow, firstRow + beams)`. */
export interface SentenceRows {
  readonly firstRow: number;
  readonly beams: number;
  /** Σ log p of every row so far; null before the first step. */
  readonly totals: Float32Array | null; // [rows]
}

/** How the candidates of a sentence are merged. */
export interface MergeOptions {
  /** The number of candidates to keep per sentence. */
  readonly count: number;
  /** A token that is never chosen. */
  readonly padIndex: number;
  /**
   * Subtracted per rank among the continuations of one beam (diverse siblings, Li et al. 2016); 0: plain beam search.
   */
  readonly diversityRate: number;
}

/**
 * Merges the sorted continuations of a sentence's beams and returns the best. Among equal scores, the lower index in a
 * flat [beam · vocab] table comes first.
 */
export function mergeBeams(rows: RowCandidates, sentence: SentenceRows, options: MergeOptions): Candidates {
  const { count } = options;
  const heads: RowHead[] = [];
  for (let beam = 0; beam < sentence.beams; beam++) heads.push(new RowHead(rows, sentence, beam, options));
  const beams = new Int32Array(count);
  const tokens = new Int32Array(count);
  const scores = new Float32Array(count);
  let found = 0;
  for (; found < count; found++) {
    const best = mostLikely(heads);
    if (best === null) break;
    beams[found] = best.beam;
    tokens[found] = best.token;
    scores[found] = best.score;
    best.next();
  }
  if (found === count) return { beams, tokens, scores };
  return { beams: beams.subarray(0, found), tokens: tokens.subarray(0, found), scores: scores.subarray(0, found) };
}

function mostLikely(heads: readonly RowHead[]): RowHead | null {
  let best: RowHead | null = null;
  for (const head of heads) {
    if (!head.isEmpty && (best === null || !(head.score <= best.score))) best = head;
  }
  return best;
}

/** The position of the merge in the list of one beam. */
class RowHead {
  readonly #table: Float32Array;
  readonly #end: number; // of the list in the table
  readonly #width: number;
  readonly #total: number;
  #at: number;
  #rank = 0;
  score = Number.NEGATIVE_INFINITY; // of the continuation at the front

  constructor(
    { table, stride, width }: RowCandidates,
    { firstRow, totals }: SentenceRows,
    readonly beam: number,
    readonly options: MergeOptions,
  ) {
    this.#table = table;
    this.#width = width;
    this.#at = (firstRow + beam) * stride;
    this.#end = this.#at + width;
    this.#total = totals?.[firstRow + beam] ?? 0;
    this.#scoreNext();
  }

  get isEmpty(): boolean {
    return this.#at >= this.#end;
  }

  get token(): number {
    return this.#table[this.#at + this.#width]!;
  }

  next(): void {
    this.#at += 1;
    this.#rank += 1;
    this.#scoreNext();
  }

  /** Skips padding and scores the next continuation. */
  #scoreNext(): void {
    const { padIndex, diversityRate } = this.options;
    if (!this.isEmpty && this.token === padIndex) this.#at += 1;
    if (this.isEmpty) return;
    const score = Math.fround(this.#table[this.#at]! + this.#total);
    this.score = diversityRate === 0 ? score : Math.fround(score - Math.fround(diversityRate * (this.#rank + 1)));
  }
}
