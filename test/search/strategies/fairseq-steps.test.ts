import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { selectOptions } from '../../../src/options/select.js';
import type { Candidates, RowCandidates } from '../../../src/search/candidates.js';
import { type SearchOptions, searchOptions } from '../../../src/search/options.js';
import { chooseStrategy, type SearchStrategy } from '../../../src/search/strategies/index.js';

/**
 * Steps of fairseq's searches over random tables of log-probabilities, from its `fairseq/search.py` (main, 3d262bb)
 * with PyTorch. `active` lists the candidates that continue, then those that end a hypothesis.
 */
interface GoldenSearch {
  readonly strategy: 'diverse' | 'ordered' | 'unordered' | 'matched' | 'topk1' | 'siblings';
  readonly beam: number;
  readonly vocab: number;
  readonly groups?: number;
  readonly strength?: number;
  readonly rate?: number;
  readonly phrases: number[][][] | null; // [batch]
  readonly sourceLengths: number[] | null; // [batch], with </s>
  readonly steps: readonly {
    readonly logProbs: number[][][]; // [batch, beam, vocab]
    readonly tokens: number[][]; // [batch, candidates]
    readonly beams: number[][];
    readonly scores: (number | null)[][]; // null is −∞
    readonly active: number[][]; // [batch, beam]
  }[];
}

const path = process.env.GOLDEN_STEPS ?? new URL('../../golden/generate/search-steps.json', import.meta.url);
const golden = JSON.parse(readFileSync(path, 'utf8')) as GoldenSearch[];

const SYMBOLS = { padIndex: 1, eosIndex: 2, unkIndex: 3 };

function optionsOf({ strategy, beam, groups, strength, rate }: GoldenSearch): SearchOptions {
  return {
    ...selectOptions(searchOptions, {}),
    beam,
    ...(strategy === 'diverse' && { diverseBeamGroups: groups!, diverseBeamStrength: strength! }),
    ...(strategy === 'matched' && { matchSourceLen: true }),
    ...(strategy === 'topk1' && { sampling: true, samplingTopk: 1, nbest: beam }),
    ...(strategy === 'siblings' && { diversityRate: rate! }),
    ...((strategy === 'ordered' || strategy === 'unordered') && { constraints: strategy }),
  };
}

function strategyOf(search: GoldenSearch): SearchStrategy {
  const batch = search.steps[0]!.tokens.length;
  return chooseStrategy({
    options: optionsOf(search),
    symbols: { ...SYMBOLS, vocab: search.vocab },
    sourceLengths: Int32Array.from(search.sourceLengths ?? new Array<number>(batch).fill(1)),
    ids: Int32Array.from({ length: batch }, (_, id) => id),
    phrases: search.phrases?.map((phrases) => phrases.map((phrase) => Int32Array.from(phrase))) ?? null,
  });
}

/** The rows of a batch as read from a device. */
function rowsOf(logProbs: readonly number[][][], { width, readsVocabulary }: SearchStrategy): RowCandidates {
  const rows = logProbs.flat().map((row) => {
    const likeliest = [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b).slice(0, width);
    return [...likeliest.map((token) => row[token]!), ...likeliest, ...(readsVocabulary ? row : [])];
  });
  const vocab = logProbs[0]![0]!.length;
  return {
    width: Math.min(width, vocab),
    stride: rows[0]!.length,
    table: Float32Array.from(rows.flat()),
    vocabulary: readsVocabulary ? vocab : 0,
  };
}

/** Runs a search that follows fairseq's choices. @returns the candidates of each step and sentence */
function candidatesOf(search: GoldenSearch): Candidates[][] {
  const strategy = strategyOf(search);
  let totals: Float32Array | null = null;
  return search.steps.map(({ logProbs, active }, step) => {
    const rows = rowsOf(logProbs, strategy);
    const candidates = logProbs.map((_, sentence) => {
      const sentenceRows = { firstRow: sentence * search.beam, beams: step === 0 ? 1 : search.beam, totals };
      return strategy.choose({ sentence, step, rows, sentenceRows });
    });
    for (const [sentence, places] of active.entries()) strategy.beamsSelected?.(sentence, Int32Array.from(places));
    totals = Float32Array.from(
      active.flatMap((places, sentence) => places.map((at) => candidates[sentence]!.scores[at]!)),
    );
    return candidates;
  });
}

describe("fairseq's candidates at every step", () => {
  it.each(golden.map((search, index) => [`${search.strategy}, beam ${search.beam} (${index})`, search] as const))(
    '%s',
    (_, search) => {
      const found = candidatesOf(search);
      for (const [step, { tokens, beams, scores }] of search.steps.entries()) {
        for (const [sentence, candidates] of found[step]!.entries()) {
          // The order of ruled-out candidates, and candidates beyond fairseq's, do not matter.
          const possible = scores[sentence]!.filter((score) => score !== null).length;
          const where = `step ${step}, sentence ${sentence}`;
          expect([...candidates.tokens.subarray(0, possible)], where).toEqual(tokens[sentence]!.slice(0, possible));
          expect([...candidates.beams.subarray(0, possible)], where).toEqual(beams[sentence]!.slice(0, possible));
          for (let at = 0; at < possible; at++)
            expect(candidates.scores[at], where).toBeCloseTo(scores[sentence]![at]!, 3);
        }
      }
    },
  );
});
