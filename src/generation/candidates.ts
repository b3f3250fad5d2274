/** The best continuations of one sentence at one step, best first. */
export interface Candidates {
  readonly beams: Int32Array; // [candidates], which beam each continues
  readonly tokens: Int32Array; // [candidates]
  readonly scores: Float32Array; // [candidates], Σ log p
}

export interface BeamChoice {
  /** Candidates that end a hypothesis here. */
  readonly final: readonly number[];
  /** The `beam` candidates that go on. */
  readonly active: Int32Array;
  /** Which of them fill a place only because too few go on; they are ignored at the next step. */
  readonly ignored: Uint8Array;
}

/**
 * fairseq's choice among 2·beam candidates: an `</s>` counts as final only among the first `beam`, the best `beam` of
 * those that do not end go on; where there are too few, ended ones fill the places and are ignored from then on.
 * @param ignored [beam], the places that were filled so before
 */
export function chooseBeams(
  { tokens, scores }: Candidates,
  beam: number,
  eos: number,
  ignored: Uint8Array,
): BeamChoice {
  const count = tokens.length;
  const final: number[] = [];
  const goingOn: number[] = [];
  const ended: number[] = [];
  for (let candidate = 0; candidate < count; candidate++) {
    const isIgnored = candidate < beam && ignored[candidate] === 1;
    const isEnd = tokens[candidate] === eos && scores[candidate]! > Number.NEGATIVE_INFINITY && !isIgnored;
    if (isEnd && candidate < beam) final.push(candidate);
    (isEnd || isIgnored ? ended : goingOn).push(candidate);
  }
  const active = Int32Array.from([...goingOn, ...ended].slice(0, beam));
  return { final, active, ignored: Uint8Array.from(active, (_, place) => (place < goingOn.length ? 0 : 1)) };
}
