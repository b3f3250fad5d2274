import { MersenneTwister } from '../../data/mersenne-twister.js';
import { UserError } from '../../errors.js';
import { parseCodes } from '../../text/bpe/codes.js';
import { createBpeBlockSegmenter } from '../../text/bpe/segmenter.js';
import { readVocabulary } from '../../text/bpe/word-counts.js';
import { readLines } from '../../text/lines.js';
import type { BlockFilter } from './filter-lines.js';

/** Options of `apply-bpe` that decide its output. */
export interface ApplyBpeFilterOptions {
  readonly codes: string | null; // path
  readonly merges: number | null; // number of merges to apply; null or negative: all
  readonly vocabulary: string | null; // path
  readonly vocabularyThreshold: number;
  readonly glossaries: readonly string[];
  readonly dropout: number;
  readonly seed: number | null;
  readonly separator: string;
}

/** @throws UserError if `codes` is null, or if the codes or the vocabulary cannot be read */
export function createApplyBpeFilter(options: ApplyBpeFilterOptions): BlockFilter {
  const { codes: path, merges, vocabulary, vocabularyThreshold, separator, glossaries, dropout, seed } = options;
  if (path === null) throw new UserError('--codes is missing', 'name the file with the BPE codes');
  const codes = parseCodes(readLines(path), path);
  return createBpeBlockSegmenter({
    codes: merges === null || merges < 0 ? codes : { ...codes, merges: codes.merges.slice(0, merges) },
    vocabulary: vocabulary === null ? undefined : readVocabulary(vocabulary, vocabularyThreshold),
    separator,
    glossaries,
    dropout,
    random: seed === null ? undefined : seededRandom(seed),
  });
}

/** The draws of Python's `random.seed(seed)`, so that dropout equals subword-nmt's. */
function seededRandom(seed: number): () => number {
  const generator = MersenneTwister.seededAsPython(seed);
  return () => generator.random();
}
