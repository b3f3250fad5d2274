/** Cells at this distance from the diagonal are not computed. */
const BEAM_WIDTH = 25;

const INFINITY = 2 ** 30;

/** The operation that leads to a cell; `SAME` and `SUBSTITUTE` consume a word of both sides. */
export const SAME = 0;
export const SUBSTITUTE = 1;
export const DELETE = 2; // a word of the hypothesis
export const INSERT = 3; // a word of the reference
const NOTHING = 4;

/**
 * Levenshtein distances between prefixes of a hypothesis and of a reference, in a beam around the diagonal. Another
 * hypothesis of the same length reuses the rows of the common prefix.
 */
export class EditMatrix {
  readonly #reference: readonly number[];
  readonly #columns: number;
  readonly #ratio: number; // reference words per hypothesis word
  readonly #beam: number;
  readonly #words: number[]; // the hypothesis of the rows
  readonly #costs: Int32Array; // [hypothesis + 1, reference + 1]
  readonly #operations: Uint8Array; // the same

  constructor(hypothesis: readonly number[], reference: readonly number[]) {
    const rows = hypothesis.length + 1;
    this.#reference = reference;
    this.#columns = reference.length + 1;
    this.#ratio = hypothesis.length > 0 ? reference.length / hypothesis.length : 1;
    // The beam is wider if the lengths differ so much that two rows would not overlap.
    this.#beam = BEAM_WIDTH < this.#ratio / 2 ? Math.ceil(this.#ratio / 2 + BEAM_WIDTH) : BEAM_WIDTH;
    this.#costs = new Int32Array(rows * this.#columns).fill(INFINITY);
    this.#operations = new Uint8Array(rows * this.#columns).fill(NOTHING);
    for (let column = 0; column < this.#columns; column++) {
      this.#costs[column] = column;
      this.#operations[column] = INSERT;
    }
    this.#words = [...hypothesis];
    for (let row = 1; row < rows; row++) this.#fillRow(row);
  }

  /** The distance between the hypothesis and the reference. */
  get distance(): number {
    return this.#costs.at(-1)!;
  }

  /** Replaces the hypothesis by another one of the same length. */
  moveTo(hypothesis: readonly number[]): void {
    const words = this.#words;
    let row = 1;
    while (row <= words.length && words[row - 1] === hypothesis[row - 1]) row++;
    for (; row <= words.length; row++) {
      words[row - 1] = hypothesis[row - 1]!;
      this.#fillRow(row);
    }
  }

  /** The operations that turn the hypothesis into the reference, in order. */
  trace(): number[] {
    const trace: number[] = [];
    let [row, column] = [this.#words.length, this.#reference.length];
    while (row > 0 || column > 0) {
      const operation = this.#operations[row * this.#columns + column]!;
      if (operation === NOTHING) throw new Error('the beam does not reach the end of the reference');
      trace.push(operation);
      if (operation !== INSERT) row--;
      if (operation !== DELETE) column--;
    }
    return trace.reverse();
  }

  #fillRow(row: number): void {
    const costs = this.#costs;
    const operations = this.#operations;
    const reference = this.#reference;
    const diagonal = Math.floor(row * this.#ratio);
    const first = Math.max(0, diagonal - this.#beam);
    const isLast = row === this.#words.length;
    const end = isLast ? this.#columns : Math.min(this.#columns, diagonal + this.#beam);
    const word = this.#words[row - 1]!;
    const start = row * this.#columns;
    const above = start - this.#columns;
    for (let column = first; column < end; column++) {
      // For equal costs, prefers a match or substitution, then a deletion, then an insertion.
      let cost = INFINITY;
      let operation = NOTHING;
      if (column > 0) {
        const isSame = word === reference[column - 1];
        const substituted = costs[above + column - 1]! + (isSame ? 0 : 1);
        if (substituted < cost) {
          cost = substituted;
          operation = isSame ? SAME : SUBSTITUTE;
        }
      }
      if (costs[above + column]! + 1 < cost) {
        cost = costs[above + column]! + 1;
        operation = DELETE;
      }
      if (column > first && costs[start + column - 1]! + 1 < cost) {
        cost = costs[start + column - 1]! + 1;
        operation = INSERT;
      }
      costs[start + column] = cost;
      operations[start + column] = operation;
    }
  }
}
