import { UserError } from '../../errors.js';
import { writeFilesAtomically } from '../lines.js';
import { type BpeCodes, codesLines } from './codes.js';
import { type LearnBpeOptions, learnBpe } from './learn.js';
import { createBpeSegmenter } from './segmenter.js';
import { countWordsOf, vocabularyLines, type WordCounts } from './word-counts.js';

/** Options for learning joint BPE codes and vocabularies. */
export interface LearnJointOptions extends LearnBpeOptions {
  /** Tokenized texts, one file for each language. */
  readonly inputs: readonly string[];
  /** The file for the codes. */
  readonly output: string;
  /** A file for the subword vocabulary of each input. */
  readonly vocabularies: readonly string[];
  readonly separator?: string;
}

/**
 * Learns BPE codes on several texts together and writes them with the vocabulary that each text has under them;
 * the files equal those of subword-nmt's `learn-joint-bpe-and-vocab` and appear together.
 *
 * @throws UserError if there are not as many vocabularies as inputs, and as `readLines` and `learnBpe` do
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

/** The subwords of a text from the counts of its words: a subword first occurs where a word does. */
function countSubwords(counts: WordCounts, codes: BpeCodes, separator: string): WordCounts {
  const segment = createBpeSegmenter({ codes, separator });
  const subwords: WordCounts = new Map();
  for (const [word, count] of counts) {
    for (const subword of segment(word).split(' ')) subwords.set(subword, (subwords.get(subword) ?? 0) + count);
  }
  return subwords;
}
