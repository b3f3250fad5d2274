import type { Candidates } from './candidates.js';

/** What becomes of a sentence's candidates. */
export interface BeamSelection {
  /** Candidates that end a hypothesis here. */
  readonly final: readonly number[];
  /** The `beam` candidates that go on. */
  readonly active: Int32Array;
  /** [beam], 1 at those that fill a place only because too few go on; they are ignored at the next step. */
  readonly ignored: Uint8Array;
}

/**
 * fairseq's choice among 2·beam candidates: an `</s>` is final only among the first `beam`, the best `beam` of those
 * that do not end go on; where there are too few, ended ones fill the places and are ignored from then on.
 * @param ignored [beam], the places that were filled so before
 */
export function selectBeams(
  { tokens, scores }: Candidates,
  beam: number,
  eos: number,
  ignored: Uint8Array,
): BeamSelection {
  const final: number[] = [];
  const goingOn: number[] = [];
  const ended: number[] = [];
  for (let candidate = 0; candidate < tokens.length; candidate++) {
    const isIgnored = candidate < beam && ignored[candidate] === 1;
    const isEnd = tokens[candidate] === eos && scores[candidate]! > Number.NEGATIVE_INFINITY && !isIgnored;
    if (isEnd && candidate < beam) final.push(candidate);
    (isEnd || isIgnored ? ended : goingOn).push(candidate);
  }
  const active = new Int32Array([...goingOn, ...ended].slice(0, beam));
  return { final, active, ignored: new Uint8Array(active.length).fill(1, goingOn.length) };
}
