import { DELETE, INSERT, SAME } from './edit-matrix.js';

/** The positions of reference words in the hypothesis, and the wrong words of both. */
export interface Alignment {
  /** For each reference word, the hypothesis word at or before its position; −1 before the first. */
  readonly positions: readonly number[]; // [reference]
  readonly hypothesisErrors: readonly boolean[]; // [hypothesis]
  readonly referenceErrors: readonly boolean[]; // [reference]
}

/** @param trace the operations that turn the hypothesis into the reference; see `EditMatrix` */
export function alignmentOf(trace: readonly number[]): Alignment {
  const positions: number[] = [];
  const hypothesisErrors: boolean[] = [];
  const referenceErrors: boolean[] = [];
  for (const operation of trace) {
    if (operation !== INSERT) hypothesisErrors.push(operation !== SAME);
    if (operation !== DELETE) {
      positions.push(hypothesisErrors.length - 1);
      referenceErrors.push(operation !== SAME);
    }
  }
  return { positions, hypothesisErrors, referenceErrors };
}
