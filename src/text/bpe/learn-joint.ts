import { UserError } from '../../errors.js';
import { writeFilesAtomically } from '../lines.js';
import { type BpeCodes, codesLines } from './codes.js';
import { type LearnBpeOptions, learnBpe } from './learn.js';
import { createBpeSegmenter } from './segmenter.js';
import { countWordsOf, vocabularyLines, type WordCounts } from './word-counts.js';

/** Options for learning joint BPE codes and vocabularies. */
export interface LearnJointOptions extends LearnBpeOptions {
  /** Paths of tokenized texts, one per language. */
  readonly inputs: readonly string[];
  /** Path of the codes to write. */
  readonly output: string;
  /** Paths of the subword vocabularies to write, one per input. */
  readonly vocabularies: readonly string[];
  readonly separator?: string;
}

/**
 * Learns joint BPE codes from several texts, and writes the codes and the subword vocabulary of each text. The files
 * equal those of subword-nmt's `learn-joint-bpe-and-vocab`, and appear together.
 *
 * @throws UserError if the numbers of vocabularies and inputs differ, and like `readLines` and `learnBpe`
 */
export function learnJointBpeAndVocabulary(options: LearnJointOptions): void {
  const { inputs, output, vocabularies, separator = '@@' } = options;
  if (inputs.length !== vocabularies.length) {
    throw new UserError(
      `${inputs.length} input files, but ${vocabularies.length} vocabulary files`,
      'name one vocabulary for each input, in the same order',
    );
  }
  const countsOfInputs = inputs.map(countWordsOf);
  const codes = learnBpe(sumCounts(countsOfInputs), options);
  writeFilesAtomically([
    { path: output, content: codesLines(codes) },
    ...countsOfInputs.map((counts, index) => ({
      path: vocabularies[index]!,
      content: vocabularyLines(countSubwords(counts, codes, separator)),
    })),
  ]);
}

function sumCounts(parts: readonly WordCounts[]): WordCounts {
  const sum: WordCounts = new Map();
  for (const part of parts) {
    for (const [word, count] of part) sum.set(word, (sum.get(word) ?? 0) + count);
  }
  return sum;
}

/** Counts the subwords of a text from its word counts. Subwords keep the order of first occurrence, like the words. */
function countSubwords(counts: WordCounts, codes: BpeCodes, separator: string): WordCounts {
  const segment = createBpeSegmenter({ codes, separator });
  const subwords: WordCounts = new Map();
  for (const [word, count] of counts) {
    for (const subword of segment(word).split(' ')) subwords.set(subword, (subwords.get(subword) ?? 0) + count);
  }
  return subwords;
}
