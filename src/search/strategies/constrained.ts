import { InternalError } from '../../errors.js';
import {
  banToken,
  type Continuation,
  logProbsOf,
  mergeBeams,
  type RowCandidates,
  type SentenceRows,
  toCandidates,
} from '../candidates.js';
import { orderedPhrases } from './ordered-phrases.js';
import type { PhraseProgress } from './phrase-progress.js';
import type { SearchStrategy, SentenceStep, StrategyContext } from './strategy.js';
import { unorderedPhrases } from './unordered-phrases.js';

interface Advanced extends Continuation {
  readonly progress: PhraseProgress;
}

/** The weight of a bank in the order of continuations, larger than the |log p| of a step. */
const BANK_WEIGHT = 100;

/**
 * Lexically constrained beam search with dynamic beam allocation (Post & Vilar 2018, Hu et al. 2019), like fairseq's.
 * The candidates are the best continuations overall, the best of each hypothesis, and those by tokens that advance a
 * phrase. Candidates with the same number of phrase tokens form a bank. The beam takes candidates from the banks in
 * turn.
 */
export function constrainedStrategy(context: StrategyContext): SearchStrategy {
  const { options, symbols, phrases } = context;
  const { beam } = options;
  const start = options.constraints === 'unordered' ? unorderedPhrases : orderedPhrases;
  if (phrases === null) throw new InternalError('constrained search without phrases');
  const progress = phrases.map((sentence) => new Array<PhraseProgress>(beam).fill(start(sentence)));
  const distinctTokens = phrases.map((sentence) => new Set(sentence.flatMap((phrase) => [...phrase])).size);
  const count = Math.min(2 * beam, beam * symbols.vocab - 1);

  return {
    width: 2 * beam + 2, // including padding and </s>, which may both be excluded
    readsVocabulary: true,
    choose(step) {
      const before = progress[step.sentence]!;
      const continuations = new Map<string, Advanced>();
      for (const continuation of continuationsOf(step, before, { count, ...symbols })) {
        const { beam: parent, token } = continuation;
        const key = `${parent} ${token}`;
        if (continuations.has(key)) continue;
        continuations.set(key, { ...continuation, progress: before[parent]!.advance(token) });
      }
      const chosen = takeInTurn([...continuations.values()], distinctTokens[step.sentence]!).slice(0, count);
      progress[step.sentence] = chosen.map((continuation) => continuation.progress);
      return toCandidates(chosen);
    },
    beamsSelected(sentence, active) {
      const chosen = progress[sentence]!;
      progress[sentence] = Array.from(active, (candidate) => chosen[candidate]!);
    },
  };
}

interface Limits {
  readonly count: number;
  readonly padIndex: number;
  readonly eosIndex: number;
}

/** All continuations to consider, with repetitions. A hypothesis cannot end before it contains every phrase. */
function* continuationsOf(
  { step, rows, sentenceRows }: SentenceStep,
  progress: readonly PhraseProgress[],
  { count, padIndex, eosIndex }: Limits,
): Generator<Continuation> {
  const { firstRow, beams, totals } = sentenceRows;
  const mayEnd = (beam: number): boolean => step === 0 || progress[beam]!.isComplete;
  for (let beam = 0; beam < beams; beam++) if (!mayEnd(beam)) banToken(rows, firstRow + beam, eosIndex);
  yield* best(rows, sentenceRows, count, padIndex);
  for (let beam = 0; beam < beams && step > 0; beam++) {
    const alone = { ...sentenceRows, firstRow: firstRow + beam, beams: 1 };
    for (const continuation of best(rows, alone, 1, padIndex)) yield { ...continuation, beam };
  }
  for (let beam = 0; beam < beams; beam++) {
    const logProbs = logProbsOf(rows, firstRow + beam);
    const total = totals?.[firstRow + beam] ?? 0;
    for (const token of progress[beam]!.nextTokens) {
      // Words of a phrase can be `<pad>` or `</s>`. No output contains padding, or ends before it contains its phrases.
      if (token === padIndex || (token === eosIndex && !mayEnd(beam))) continue;
      yield { beam, token, score: Math.fround(logProbs[token]! + total) };
    }
  }
}

function* best(
  rows: RowCandidates,
  sentenceRows: SentenceRows,
  count: number,
  padIndex: number,
): Generator<Continuation> {
  const { beams, tokens, scores } = mergeBeams(rows, sentenceRows, { count, padIndex, diversityRate: 0 });
  for (const [at, beam] of beams.entries()) yield { beam, token: tokens[at]!, score: scores[at]! };
}

/**
 * Orders continuations: the best of the highest bank, the best of the next …, then the second best of each, and so on.
 */
function takeInTurn(continuations: readonly Advanced[], distinctTokens: number): readonly Advanced[] {
  const keyOf = ({ progress, score }: Advanced): number =>
    Math.fround((progress.bank - distinctTokens) * BANK_WEIGHT + score);
  const sorted = [...continuations].sort((a, b) => descending(keyOf(a), keyOf(b)));
  let rank = 0;
  const turns = sorted.map((continuation, at) => {
    const { bank } = continuation.progress;
    rank = at > 0 && bank === sorted[at - 1]!.progress.bank ? rank + 1 : 0;
    return { continuation, turn: distinctTokens - bank + rank * (sorted.length + 1) };
  });
  return turns.sort((a, b) => a.turn - b.turn).map(({ continuation }) => continuation);
}

/** Compares in descending order; −∞ equals −∞. */
const descending = (a: number, b: number): number => (a === b ? 0 : b - a);
