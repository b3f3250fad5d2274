/** One translation of one sentence. */
export interface Hypothesis {
  readonly tokens: Int32Array; // [length], ends with </s>
  /** Σ log p, divided by length^lenpen unless unnormalized; natural logarithm, float32. */
  readonly score: number;
  readonly tokenScores: Float32Array; // [length], log p of each token as the search counted it
  /** Attention to the source, its padding left out, when each token was predicted; null unless asked for. */
  readonly attention: readonly Float32Array[] | null; // [length] of [source]
}

/** What the search did at one step, enough to walk back from a hypothesis to its beginning. */
interface Step {
  readonly parents: Int32Array; // [rows], row of the step before
  readonly tokens: Int32Array; // [rows], the token that was added
  readonly totals: Float32Array; // [rows], Σ log p up to it
  readonly attentionOf: AttentionOfRow | null; // by row of the step before
}

type AttentionOfRow = (row: number) => Float32Array; // [padded source]

/** How a hypothesis ends. */
interface Ending {
  readonly row: number;
  readonly token: number;
  readonly total: number; // Σ log p with the last token
  readonly lengthPenalty: number | null; // null leaves the score a sum
  readonly attentionOf: AttentionOfRow | null;
}

/** The hypotheses of a batch as a tree: each step points back to the rows of the step before. */
export class HypothesisTree {
  readonly #steps: Step[] = [];

  add(step: Step): void {
    this.#steps.push(step);
  }

  /** Σ log p of the rows under way; null before the first step. */
  get totals(): Float32Array | null {
    return this.#steps.at(-1)?.totals ?? null;
  }

  /** The tokens of a row under way, without the `</s>` that every target begins with. */
  tokens(row: number): Int32Array {
    const tokens = new Int32Array(this.#steps.length);
    this.#walkBack(row, (index, step, at) => {
      tokens[index] = step.tokens[at]!;
    });
    return tokens;
  }

  /** A row under way, ended by one more token. */
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
