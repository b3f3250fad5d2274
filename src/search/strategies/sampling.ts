import { philox4x32 } from '../../ops/philox.js';
import { likeliestTokens, logProbsOf, type RowCandidates } from '../candidates.js';
import type { SearchStrategy, StrategyContext } from './strategy.js';

/** The tokens to draw from. */
interface Choices {
  readonly tokens: ArrayLike<number>; // [choices]
  readonly logProbs: ArrayLike<number>; // [choices]
}

/** Choices with their probabilities, computed once for all draws from a row. */
interface Urn extends Choices {
  readonly probabilities: Float64Array; // [choices]
  readonly total: number;
}

/**
 * Draws one continuation of every hypothesis by its probability (`--sampling`): from all tokens, from the
 * `--sampling-topk` most likely, or from the smallest set whose total probability reaches `--sampling-topp` (Holtzman
 * et al. 2020). Scores are the model's log-probabilities, not renormalized over the choices.
 *
 * A draw depends only on the seed, the sentence id, the step and the beam (Philox4x32-10), not on the batch or the
 * device.
 */
export function samplingStrategy({ options, symbols, ids }: StrategyContext): SearchStrategy {
  const { beam, samplingTopk, samplingTopp, seed } = options;
  const { padIndex, eosIndex, vocab } = symbols;
  const fromTopk = samplingTopk > 0 && samplingTopp <= 0;
  const everyToken = Int32Array.from({ length: vocab }, (_, token) => token);

  const choicesOf = (rows: RowCandidates, row: number): Choices => {
    if (fromTopk) {
      const likeliest = [...likeliestTokens(rows, row)]
        .filter(({ token }) => token !== padIndex)
        .slice(0, samplingTopk);
      return { tokens: likeliest.map(({ token }) => token), logProbs: likeliest.map(({ logProb }) => logProb) };
    }
    const logProbs = logProbsOf(rows, row).slice();
    logProbs[padIndex] = Number.NEGATIVE_INFINITY;
    return samplingTopp > 0 ? nucleus(logProbs, samplingTopp) : { tokens: everyToken, logProbs };
  };

  return {
    width: fromTopk ? samplingTopk + 1 : 1, // including padding
    readsVocabulary: !fromTopk,
    choose({ sentence, step, rows, sentenceRows: { firstRow, beams, totals } }) {
      const candidates = {
        beams: new Int32Array(beam),
        tokens: new Int32Array(beam).fill(eosIndex),
        scores: new Float32Array(beam).fill(Number.NEGATIVE_INFINITY),
      };
      let urn: Urn | null = null;
      for (let place = 0; place < beam; place++) {
        const parent = beams === 1 ? 0 : place;
        if (urn === null || beams > 1) urn = fill(choicesOf(rows, firstRow + parent));
        candidates.beams[place] = parent;
        const drawn = draw(urn, uniform(seed, [ids[sentence]!, step, place]));
        if (drawn < 0) continue; // every token is ruled out
        candidates.tokens[place] = urn.tokens[drawn]!;
        candidates.scores[place] = urn.logProbs[drawn]! + (totals?.[firstRow + parent] ?? 0);
      }
      return candidates;
    },
  };
}

/**
 * The smallest set of most likely tokens with a total probability of at least `mass`; among equals, lower ids first.
 */
export function nucleus(logProbs: Float32Array /* [vocab] */, mass: number): Choices {
  const ascending = logProbs.slice().sort();
  let left = mass;
  let count = 0;
  while (count < ascending.length) {
    left -= Math.exp(ascending[ascending.length - 1 - count]!);
    count += 1;
    if (left <= 0) break;
  }
  const threshold = ascending[ascending.length - count]!;
  // The number of tokens at the threshold that are still needed after all tokens above it.
  let equals = count - (ascending.length - 1 - ascending.lastIndexOf(threshold));
  const tokens: number[] = [];
  for (let token = 0; token < logProbs.length; token++) {
    const logProb = logProbs[token]!;
    if (logProb < threshold || (logProb === threshold && equals === 0)) continue;
    if (logProb === threshold) equals -= 1;
    tokens.push(token);
  }
  return { tokens, logProbs: tokens.map((token) => logProbs[token]!) };
}

function fill({ tokens, logProbs }: Choices): Urn {
  const probabilities = new Float64Array(logProbs.length);
  let total = 0;
  for (let choice = 0; choice < logProbs.length; choice++) {
    probabilities[choice] = Math.exp(logProbs[choice]!);
    total += probabilities[choice]!;
  }
  return { tokens, logProbs, probabilities, total };
}

/** The choice that a number in [0, 1) selects; −1 if none is possible. */
function draw({ probabilities, total }: Urn, at: number): number {
  let left = at * total;
  let last = -1;
  for (let choice = 0; choice < probabilities.length; choice++) {
    if (probabilities[choice] === 0) continue;
    last = choice;
    left -= probabilities[choice]!;
    if (left < 0) break;
  }
  return last;
}

/** A uniform number in [0, 1) with 53 bits. */
function uniform(seed: number, [id, step, place]: readonly [number, number, number]): number {
  const words = new Uint32Array(4);
  philox4x32([id >>> 0, step, place, 0], [seed >>> 0, Math.floor(seed / 0x100000000)], words);
  return ((words[0]! >>> 5) * 0x4000000 + (words[1]! >>> 6)) / 0x20000000000000;
}
