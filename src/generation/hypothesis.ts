/** One translation of one sentence. */
export interface Hypothesis {
  readonly tokens: Int32Array; // [length], ends with </s>
  /** Σ log p, divided by length^lenpen unless unnormalized; natural logarithm, float32. */
  readonly score: number;
  readonly tokenScores: Float32Array; // [length], log p of each token as the search counted it
}

/** What the search did at one step, enough to walk back from a hypothesis to its beginning. */
interface Step {
  readonly parents: Int32Array; // [rows], row of the step before
  readonly tokens: Int32Array; // [rows], the token that was added
  readonly scores: Float32Array; // [rows], Σ log p up to it
}

/** The hypotheses of a batch as a tree: each step points back to the rows of the step before. */
export class HypothesisTree {
  readonly #steps: Step[] = [];

  /** Steps taken; the rows of the last are the hypotheses under way. */
  get length(): number {
    return this.#steps.length;
  }

  add(step: Step): void {
    this.#steps.push(step);
  }

  /** Σ log p of the rows under way; 0 before the first step. */
  score(row: number): number {
    return this.#steps.at(-1)?.scores[row] ?? 0;
  }

  /** The tokens of a row under way, without the `</s>` that every target begins with. */
  tokens(row: number): Int32Array {
    const tokens = new Int32Array(this.#steps.length);
    this.#walk(row, (index, step, at) => {
      tokens[index] = step.tokens[at]!;
    });
    return tokens;
  }

  /** A row under way, ended with `eos` at the summed score `total`. */
  finish(row: number, eos: number, total: number, lengthPenalty: number | null): Hypothesis {
    const length = this.#steps.length + 1;
    const tokens = new Int32Array(length);
    const sums = new Float32Array(length);
    tokens[length - 1] = eos;
    sums[length - 1] = total;
    this.#walk(row, (index, step, at) => {
      tokens[index] = step.tokens[at]!;
      sums[index] = step.scores[at]!;
    });
    return {
      tokens,
      score: lengthPenalty === null ? Math.fround(total) : Math.fround(total / length ** lengthPenalty),
      tokenScores: sums.map((sum, index) => (index === 0 ? sum : sum - sums[index - 1]!)),
    };
  }

  #walk(row: number, visit: (index: number, step: Step, at: number) => void): void {
    let at = row;
    for (let index = this.#steps.length - 1; index >= 0; index--) {
      const step = this.#steps[index]!;
      visit(index, step, at);
      at = step.parents[at]!;
    }
  }
}
