import { EditMatrix } from './edit-matrix.js';
import { bestShift, MAX_CANDIDATES } from './shifts.js';

/**
 * The number of edits that turn a hypothesis into a reference: insertions, deletions, substitutions and shifts of word
 * sequences. Shifts are applied greedily while they reduce the distance, in TERCOM's order of preference.
 */
export function countEdits(hypothesis: readonly number[], reference: readonly number[]): number {
  if (reference.length === 0) return hypothesis.length;
  const matrix = new EditMatrix(hypothesis, reference);
  let words = hypothesis;
  let shifts = 0;
  let checked = 0;
  for (;;) {
    const shift = bestShift(words, reference, matrix, checked);
    checked = shift.checked;
    if (checked >= MAX_CANDIDATES || shift.gain <= 0) break;
    shifts++;
    words = shift.words;
  }
  matrix.moveTo(words);
  return shifts + matrix.distance;
}
