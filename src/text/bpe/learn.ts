import { UserError } from '../../errors.js';
import { log } from '../../log.js';
import type { BpeCodes, Merge } from './codes.js';
import { PairStatistics } from './pair-statistics.js';
import type { WordCounts } from './word-counts.js';

export interface LearnBpeOptions {
  /** How many merges to learn. */
  readonly symbols: number;
  /** Stop when no pair occurs this often; 2 by default. */
  readonly minFrequency?: number;
}

/** The rare pairs are set aside after this many merges. */
const MERGES_BETWEEN_CLEARINGS = 100;

/**
 * Learns BPE merges from word counts; the codes equal subword-nmt's `learn-bpe` (version 0.2) byte for byte.
 *
 * @throws UserError if no word has two characters
 */
export function learnBpe(counts: WordCounts, { symbols, minFrequency = 2 }: LearnBpeOptions): BpeCodes {
  const statistics = new PairStatistics(counts);
  const merges: Merge[] = [];
  let pair = statistics.mostFrequent();
  if (pair === undefined) {
    throw new UserError('there is nothing to learn BPE from: no word has two characters', 'give a text with words');
  }
  // Pairs follow Zipf's law: a tenth of the highest count leaves few of them.
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
