import { type Alignment, alignmentOf } from './alignment.js';
import type { EditMatrix } from './edit-matrix.js';

const MAX_LENGTH = 10; // words
const MAX_DISTANCE = 50; // words
/** The maximum number of candidates per segment. */
export const MAX_CANDIDATES = 1000;

/** A sequence of words that occurs in both the hypothesis and the reference. */
interface SharedSequence {
  readonly start: number; // in the hypothesis
  readonly startInReference: number;
  readonly length: number;
}

interface Shift extends SharedSequence {
  readonly gain: number; // how much it lessens the distance
  readonly target: number; // before which word it is put
  readonly words: readonly number[]; // after it
}

interface ShiftChoice {
  readonly gain: number; // 0 without any shift
  readonly words: readonly number[];
  /** The number of candidates tried, including earlier rounds. */
  readonly checked: number;
}

/**
 * The shift that reduces the distance most; of equal ones the longest, then the earliest, then the one to the earliest
 * position. The candidates are TERCOM's, as in sacrebleu: its heuristics are part of the metric.
 */
export function bestShift(
  words: readonly number[],
  reference: readonly number[],
  matrix: EditMatrix,
  checkedBefore: number,
): ShiftChoice {
  matrix.moveTo(words);
  const before = matrix.distance;
  const alignment = alignmentOf(matrix.trace());
  let best: Shift | null = null;
  let checked = checkedBefore;
  for (const sequence of sharedSequences(words, reference)) {
    if (!isWorthTrying(sequence, alignment)) continue;
    for (const target of targetsOf(sequence, alignment)) {
      const shifted = shift(words, sequence, target);
      matrix.moveTo(shifted);
      const candidate = { ...sequence, gain: before - matrix.distance, target, words: shifted };
      checked++;
      if (best === null || isBetter(candidate, best)) best = candidate;
    }
    if (checked >= MAX_CANDIDATES) break;
  }
  return best === null ? { gain: 0, words, checked } : { gain: best.gain, words: best.words, checked };
}

function isBetter(a: Shift, b: Shift): boolean {
  if (a.gain !== b.gain) return a.gain > b.gain;
  if (a.length !== b.length) return a.length > b.length;
  if (a.start !== b.start) return a.start < b.start;
  return a.target < b.target;
}

/** All common sequences up to the maximum length, by their start positions. */
function* sharedSequences(words: readonly number[], reference: readonly number[]): Generator<SharedSequence> {
  for (let start = 0; start < words.length; start++) {
    const last = Math.min(reference.length - 1, start + MAX_DISTANCE);
    for (let startInReference = Math.max(0, start - MAX_DISTANCE); startInReference <= last; startInReference++) {
      const most = Math.min(MAX_LENGTH, words.length - start, reference.length - startInReference);
      for (let length = 1; length <= most; length++) {
        if (words[start + length - 1] !== reference[startInReference + length - 1]) break;
        yield { start, startInReference, length };
      }
    }
  }
}

/** Requires errors at the position of the sequence and at its target, which must be outside the sequence. */
function isWorthTrying({ start, startInReference, length }: SharedSequence, alignment: Alignment): boolean {
  const { positions, hypothesisErrors, referenceErrors } = alignment;
  if (!anyOf(hypothesisErrors, start, length) || !anyOf(referenceErrors, startInReference, length)) return false;
  const position = positions[startInReference]!;
  return position < start || position >= start + length;
}

function anyOf(flags: readonly boolean[], start: number, length: number): boolean {
  for (let index = start; index < start + length; index++) if (flags[index]) return true;
  return false;
}

/** The candidate positions: after the words aligned with the reference's, from the word before the sequence on. */
function* targetsOf({ startInReference, length }: SharedSequence, { positions }: Alignment): Generator<number> {
  let previous = -1;
  for (let index = startInReference - 1; index < startInReference + length; index++) {
    if (index >= positions.length) return;
    const target = index < 0 ? 0 : positions[index]! + 1;
    if (target !== previous) yield target;
    previous = target;
  }
}

/** Moves the sequence before the word `target`; a target within or after the sequence counts from its end. */
function shift(words: readonly number[], { start, length }: SharedSequence, target: number): number[] {
  const moved = words.slice(start, start + length);
  if (target < start) {
    return [...words.slice(0, target), ...moved, ...words.slice(target, start), ...words.slice(start + length)];
  }
  const end = target > start + length ? target : target + length;
  return [...words.slice(0, start), ...words.slice(start + length, end), ...moved, ...words.slice(end)];
}
