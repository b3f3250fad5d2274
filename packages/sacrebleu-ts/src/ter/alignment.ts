import { DELETE, INSERT, SAME } from './edit-matrix.js';

/** Where reference words stand in the hypothesis, and which words of both are wrong. */
export interface Alignment {
  /** By reference word: the hypothesis word that it stands for or that stands before it; −1 before the first. */
  readonly positions: readonly number[]; // [reference]
  readonly hypothesisErrors: readonly boolean[]; // [hypothesis]
  readonly referenceErrors: readonly boolean[]; // [reference]
}

/** @param trace what makes the reference out of the hypothesis; see `EditMatrix` */
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
