import { UserError } from '../../errors.js';
import { log } from '../../log.js';
import type { BpeCodes, Merge } from './codes.js';
import { PairStatistics } from './pair-statistics.js';
import type { WordCounts } from './word-counts.js';

/** Options for learning BPE codes. */
export interface LearnBpeOptions {
  /** The number of merges to learn, at least 1. */
  readonly symbols: number;
  /**
   * Whether `symbols` includes characters: each character within words and each at the end of words replaces a merge.
   */
  readonly totalSymbols?: boolean;
  /** Stops when no pair occurs this often. Default: 2. */
  readonly minFrequency?: number;
}

/** The number of merges between two rounds of setting rare pairs aside. */
const MERGES_BETWEEN_CLEARINGS = 100;

/**
 * Learns BPE merges from word counts. The codes equal those of subword-nmt's `learn-bpe` (version 0.2) byte for byte.
 *
 * @throws UserError if no word has more than one character, or `symbols` leaves no merge
 */
export function learnBpe(counts: WordCounts, options: LearnBpeOptions): BpeCodes {
  const { minFrequency = 2 } = options;
  const symbols = mergesToLearn(counts, options);
  const statistics = new PairStatistics(counts);
  const merges: Merge[] = [];
  let pair = statistics.mostFrequent();
  if (pair === undefined) {
    throw new UserError(
      'there is nothing to learn BPE from: no word has more than one character',
      'give a text with longer words',
    );
  }
  // Pairs follow Zipf's law: few have at least a tenth of the highest count.
  let threshold = pair.count! / 10;
  for (let step = 0; step < symbols; step += 1) {
    pair = statistics.mostFrequent();
    if (pair === undefined || (step > 0 && pair.count! < threshold)) {
      statistics.restore(threshold);
      pair = statistics.mostFrequent()!;
      threshold = (pair.count! * step) / (step + 10_000);
      statistics.setAside(threshold);
    }
    if (pair.count! < minFrequency) {
      log.message(`BPE: no pair occurs ${minFrequency} times; stopping after ${step} of ${symbols} merges`);
      break;
    }
    merges.push([pair.leftText, pair.rightText]);
    statistics.merge(pair);
    if (step % MERGES_BETWEEN_CLEARINGS === 0) statistics.setAside(threshold);
  }
  return { version: '0.2', merges };
}

function mergesToLearn(counts: WordCounts, { symbols, totalSymbols = false }: LearnBpeOptions): number {
  if (!(symbols >= 1)) throw new UserError(`BPE of ${symbols} symbols has no merges`, 'use a larger number');
  if (!totalSymbols) return symbols;
  const inner = new Set<string>();
  const final = new Set<string>();
  for (const word of counts.keys()) {
    const characters = Array.from(word);
    final.add(characters.pop()!);
    for (const character of characters) inner.add(character);
  }
  const characters = inner.size + final.size;
  const kinds = `${inner.size} characters within words and ${final.size} at their ends`;
  if (symbols <= characters) {
    throw new UserError(
      `${symbols} symbols in total leave no merges to learn: the text has ${kinds}`,
      `request more than ${characters}, or omit --total-symbols to count merges only`,
    );
  }
  log.message(`BPE: ${kinds} leave ${symbols - characters} of ${symbols} symbols to merges`);
  return symbols - characters;
}
