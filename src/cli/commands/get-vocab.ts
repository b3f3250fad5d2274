import { countWordsOf, vocabularyLines } from '../../text/bpe/word-counts.js';
import { writeLinesAtomically } from '../../text/lines.js';
import { defineCommand } from '../command.js';
import { fileOptions, filesOf, filterArguments } from '../filters/filter-lines.js';

export const getVocabCommand = defineCommand({
  name: 'get-vocab',
  description: 'Counts the words or subwords of a text, most frequent first, as subword-nmt does.',
  arguments: filterArguments,
  options: fileOptions,
  examples: ['ts-fairseq get-vocab < train.bpe.de > vocab.de'],
  async run({ args, options }) {
    const [input, output] = filesOf(args, options);
    writeLinesAtomically(output, vocabularyLines(countWordsOf(input)));
  },
});
