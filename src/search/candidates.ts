/** The likeliest next tokens of every row, as they come from the device. */
export interface RowCandidates {
  readonly width: number; // candidates of a row
  readonly stride: number; // numbers of a row in `table`
  /**
   * float32 [rows, stride]: `width` log-probabilities, best first; their `width` tokens; attention to the source where it
   * is kept; the log-probabilities of the whole vocabulary where a strategy reads them.
   */
  readonly table: Float32Array;
  /** How many log-probabilities end a row: those of the vocabulary, or none. */
  readonly vocabulary?: number;
}

/** The log-probabilities of every token in one row, for strategies that read them: float32 [vocab]. */
export function logProbsOf({ table, stride, vocabulary = 0 }: RowCandidates, row: number): Float32Array {
  return table.subarray((row + 1) * stride - vocabulary, (row + 1) * stride);
}

/** The likeliest tokens of one row, best first. */
export function* likeliestTokens(
  { table, stride, width }: RowCandidates,
  row: number,
): Generator<{ token: number; logProb: number }, void, undefined> {
  for (let at = row * stride; at < row * stride + width; at++) yield { token: table[at + width]!, logProb: table[at]! };
}

/** Rules a token out of a row's likeliest ones: it becomes the last of them, with −∞. */
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

/** Makes a token the likeliest of a row, with log p 0. */
export function forceToken({ table, stride, width }: RowCandidates, row: number, token: number): void {
  const values = table.subarray(row * stride, row * stride + width);
  const tokens = table.subarray(row * stride + width, row * stride + 2 * width);
  const found = tokens.indexOf(token);
  values.copyWithin(1, 0, found < 0 ? width - 1 : found);
  tokens.copyWithin(1, 0, found < 0 ? width - 1 : found);
  values[0] = 0;
  tokens[0] = token;
}

/** The best continuations of one sentence at one step, best first. */
export interface Candidates {
  readonly beams: Int32Array; // [candidates], which beam each continues
  readonly tokens: Int32Array; // [candidates]
  readonly scores: Float32Array; // [candidates], Σ log p
}

/** One of them. */
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

/** The rows of one sentence: `[firstRow, firstRow + beams)`. */
export interface SentenceRows {
  readonly firstRow: number;
  readonly beams: number;
  /** Σ log p of every row so far, or null where nothing is decoded yet. */
  readonly totals: Float32Array | null; // [rows]
}

/** How the candidates of a sentence are merged. */
export interface MergeOptions {
  /** How many candidates a sentence keeps. */
  readonly count: number;
  /** Never chosen. */
  readonly padIndex: number;
  /** Taken off per rank among the continuations of one beam (Li et al. 2016, diverse siblings); 0 = plain beam search. */
  readonly diversityRate: number;
}

/**
 * The best continuations of a sentence out of the sorted ones of its beams. Among equals the lower beam comes first, and
 * within a beam the lower token: the lower index in a flat [beam · vocab] table.
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
    const best = likeliest(heads);
    if (best === null) break;
    beams[found] = best.beam;
    tokens[found] = best.token;
    scores[found] = best.score;
    best.next();
  }
  if (found === count) return { beams, tokens, scores };
  return { beams: beams.subarray(0, found), tokens: tokens.subarray(0, found), scores: scores.subarray(0, found) };
}

function likeliest(heads: readonly RowHead[]): RowHead | null {
  let best: RowHead | null = null;
  for (const head of heads) {
    if (!head.isEmpty && (best === null || !(head.score <= best.score))) best = head;
  }
  return best;
}

/** Where the merge stands in one beam's list. */
class RowHead {
  readonly #table: Float32Array;
  readonly #last: number; // where the list ends in the table
  readonly #width: number;
  readonly #total: number;
  #at: number;
  #rank = 0;
  score = Number.NEGATIVE_INFINITY; // of the continuation that stands at the front

  constructor(
    { table, stride, width }: RowCandidates,
    { firstRow, totals }: SentenceRows,
    readonly beam: number,
    readonly options: MergeOptions,
  ) {
    this.#table = table;
    this.#width = width;
    this.#at = (firstRow + beam) * stride;
    this.#last = this.#at + width;
    this.#total = totals?.[firstRow + beam] ?? 0;
    this.#come();
  }

  get isEmpty(): boolean {
    return this.#at >= this.#last;
  }

  get token(): number {
    return this.#table[this.#at + this.#width]!;
  }

  next(): void {
    this.#at += 1;
    this.#rank += 1;
    this.#come();
  }

  /** Passes over padding and scores what comes then. */
  #come(): void {
    const { padIndex, diversityRate } = this.options;
    if (!this.isEmpty && this.token === padIndex) this.#at += 1;
    if (this.isEmpty) return;
    const score = Math.fround(this.#table[this.#at]! + this.#total);
    this.score = diversityRate === 0 ? score : Math.fround(score - Math.fround(diversityRate * (this.#rank + 1)));
  }
}
