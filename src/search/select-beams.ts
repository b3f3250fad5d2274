import type { Candidates } from './candidates.js';

/** The selection among the candidates of a sentence. */
export interface BeamSelection {
  /** Candidates that end a hypothesis at this step. */
  readonly final: readonly number[];
  /** The `beam` candidates that continue. */
  readonly active: Int32Array;
  /** [beam], 1 for a candidate that only fills up the beam because too few continue; it is ignored at the next step. */
  readonly ignored: Uint8Array;
}

/**
 * Selects among 2·beam candidates like fairseq. An `</s>` is final only among the first `beam` candidates. The best
 * `beam` of the others continue. If there are too few, ended candidates fill up the beam and are ignored from then on.
 * @param ignored [beam], 1 for beams that were filled up in this way before
 */
export function selectBeams(
  { tokens, scores }: Candidates,
  beam: number,
  eos: number,
  ignored: Uint8Array,
): BeamSelection {
  const final: number[] = [];
  const continuing: number[] = [];
  const ended: number[] = [];
  for (let candidate = 0; candidate < tokens.length; candidate++) {
    const isIgnored = candidate < beam && ignored[candidate] === 1;
    const isEnd = tokens[candidate] === eos && scores[candidate]! > Number.NEGATIVE_INFINITY && !isIgnored;
    if (isEnd && candidate < beam) final.push(candidate);
    (isEnd || isIgnored ? ended : continuing).push(candidate);
  }
  const active = new Int32Array([...continuing, ...ended].slice(0, beam));
  return { final, active, ignored: new Uint8Array(active.length).fill(1, continuing.length) };
}
