import { type Candidates, type Continuation, likeliestTokens, toCandidates } from '../candidates.js';
import type { SearchStrategy, SentenceStep, StrategyContext } from './strategy.js';

/**
 * Diverse beam search (Vijayakumar et al. 2016), like fairseq's. Beam b belongs to group b mod `--diverse-beam-groups`.
 * The groups choose one after another. For each earlier group that chose a token at this step, its score is reduced by
 * `--diverse-beam-strength` · (1 + the number of earlier agreements of the two groups). The reduction stays in the
 * score.
 */
export function diverseBeamsStrategy({ options, symbols, ids }: StrategyContext): SearchStrategy {
  const { beam, diverseBeamGroups: groups, diverseBeamStrength: strength } = options;
  const agreements = Array.from(ids, () => new Float32Array(groups * groups)); // [batch] of [groups, groups]

  const chooseGroup = (group: number, step: SentenceStep, penalties: Penalties): Continuation[] => {
    const { firstRow, totals } = step.sentenceRows;
    const isFirst = step.step === 0;
    const continuations: Continuation[] = [];
    for (let beamOfGroup = group; beamOfGroup < (isFirst ? group + 1 : beam); beamOfGroup += groups) {
      const row = firstRow + (isFirst ? 0 : beamOfGroup);
      const total = totals?.[row] ?? 0;
      for (const { token, logProb } of likeliestTokens(step.rows, row)) {
        if (token === symbols.padIndex) continue;
        const penalty = Math.fround(strength * (penalties.get(token) ?? 0));
        continuations.push({ beam: beamOfGroup, token, score: Math.fround(Math.fround(logProb - penalty) + total) });
      }
    }
    return continuations.sort((a, b) => b.score - a.score || a.beam - b.beam || a.token - b.token);
  };

  return {
    // A group considers the beam / groups most likely tokens of a row that earlier groups did not choose: all groups
    // together consider at most `beam` tokens, and padding.
    width: beam + 1,
    readsVocabulary: false,
    choose(step) {
      const agreement = agreements[step.sentence]!;
      const chosen: Continuation[][] = [];
      for (let group = 0; group < groups; group++) {
        const penalties = penaltiesOf(chosen, (earlier) => 1 + agreement[group * groups + earlier]!);
        chosen.push(chooseGroup(group, step, penalties).slice(0, beam / groups));
      }
      countAgreements(chosen, agreement);
      return interleave(chosen, beam, symbols.eosIndex);
    },
  };
}

/** The penalty of each token, before multiplication by the strength. */
type Penalties = ReadonlyMap<number, number>;

function penaltiesOf(earlier: readonly Continuation[][], weightOf: (group: number) => number): Penalties {
  const penalties = new Map<number, number>();
  for (const [group, continuations] of earlier.entries()) {
    for (const { token } of continuations) penalties.set(token, (penalties.get(token) ?? 0) + weightOf(group));
  }
  return penalties;
}

/** Counts agreements: two groups agree at a rank if both choose the same token. */
function countAgreements(chosen: readonly Continuation[][], agreement: Float32Array): void {
  for (const [group, continuations] of chosen.entries()) {
    for (const [other, others] of chosen.entries()) {
      const same = continuations.filter(({ token }, rank) => others[rank]?.token === token).length;
      agreement[group * chosen.length + other]! += same;
    }
  }
}

/** The best of each group, then the second best of each …; an impossible candidate stands in for a missing one. */
function interleave(chosen: readonly Continuation[][], count: number, eosIndex: number): Candidates {
  const groups = chosen.length;
  const inOrder = Array.from(
    { length: count },
    (_, place) =>
      chosen[place % groups]![Math.floor(place / groups)] ?? {
        beam: place % groups,
        token: eosIndex,
        score: Number.NEGATIVE_INFINITY,
      },
  );
  return toCandidates(inOrder);
}
