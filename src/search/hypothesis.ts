/** A translation of a sentence. */
export interface Hypothesis {
  readonly tokens: Int32Array; // [length], ends with </s>
  /** Σ log p (natural logarithm, float32), divided by length^lenpen unless `unnormalized`. */
  readonly score: number;
  readonly tokenScores: Float32Array; // [length], log p of each token as used by the search
  /** Attention to the source, excluding padding, when each token was predicted; null unless requested. */
  readonly attention: readonly Float32Array[] | null; // [length] of [source]
}

/** One step of the search, linked to the step before. */
interface Step {
  readonly parents: Int32Array; // [rows], rows of the step before
  readonly tokens: Int32Array; // [rows], the tokens added
  readonly totals: Float32Array; // [rows], Σ log p including this token
  readonly attentionOf: AttentionOfRow | null; // by row of the step before
}

type AttentionOfRow = (row: number) => Float32Array; // [padded source]

/** The end of a hypothesis. */
interface Ending {
  readonly row: number;
  readonly token: number;
  readonly total: number; // Σ log p including the last token
  readonly lengthPenalty: number | null; // null: the score is the sum
  readonly attentionOf: AttentionOfRow | null;
}

/** The hypotheses of a batch as a tree: each row points to its parent in the step before. */
export class HypothesisTree {
  readonly #steps: Step[] = [];

  add(step: Step): void {
    this.#steps.push(step);
  }

  /** Σ log p of the unfinished rows; null before the first step. */
  get totals(): Float32Array | null {
    return this.#steps.at(-1)?.totals ?? null;
  }

  /** The tokens of an unfinished row, without the `</s>` at the start of every target. */
  tokens(row: number): Int32Array {
    const tokens = new Int32Array(this.#steps.length);
    this.#walkBack(row, (index, step, at) => {
      tokens[index] = step.tokens[at]!;
    });
    return tokens;
  }

  /** Ends an unfinished row with one more token. */
  finish({ row, token, total, lengthPenalty, attentionOf }: Ending): Hypothesis {
    const length = this.#steps.length + 1;
    const tokens = new Int32Array(length).fill(token);
    const totals = new Float32Array(length).fill(total);
    const attention = attentionOf === null ? null : new Array<Float32Array>(length).fill(attentionOf(row));
    this.#walkBack(row, (index, step, at) => {
      tokens[index] = step.tokens[at]!;
      totals[index] = step.totals[at]!;
      if (attention !== null) attention[index] = step.attentionOf!(step.parents[at]!);
    });
    return {
      tokens,
      score: Math.fround(lengthPenalty === null ? total : total / length ** lengthPenalty),
      tokenScores: totals.map((sum, index) => (index === 0 ? sum : sum - totals[index - 1]!)),
      attention,
    };
  }

  #walkBack(row: number, visit: (index: number, step: Step, at: number) => void): void {
    let at = row;
    for (let index = this.#steps.length - 1; index >= 0; index--) {
      const step = this.#steps[index]!;
      visit(index, step, at);
      at = step.parents[at]!;
    }
  }
}
