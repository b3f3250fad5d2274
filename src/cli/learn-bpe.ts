import { defineOptions } from '../options/schema.js';
import { codesLines } from '../text/bpe/codes.js';
import { learnBpe } from '../text/bpe/learn.js';
import { countWordsOf, readWordCounts } from '../text/bpe/word-counts.js';
import { writeLinesAtomically } from '../text/lines.js';
import { defineCommand } from './command.js';
import { filterArguments } from './filter-lines.js';
import { startLog } from './log-sink.js';

const options = defineOptions({
  symbols: { kind: 'int', default: 10_000, aliases: ['-s'], min: 0, help: 'merges to learn' },
  minFrequency: { kind: 'int', default: 2, min: 1, help: 'stop when no pair of symbols occurs this often' },
  dictInput: { kind: 'boolean', default: false, help: 'the input has lines "<word> <count>" instead of text' },
});

export const learnBpeCommand = defineCommand({
  name: 'learn-bpe',
  description: 'Learns BPE codes on tokenized text as subword-nmt does.',
  arguments: filterArguments,
  options,
  examples: ['ts-fairseq learn-bpe -s 10000 < train.tok.de > codes'],
  async run({ args: [input = '-', output = '-'], options }) {
    const { symbols, minFrequency, dictInput } = options;
    const stopLog = startLog();
    try {
      const counts = dictInput ? readWordCounts(input) : countWordsOf(input);
      writeLinesAtomically(output, codesLines(learnBpe(counts, { symbols, minFrequency })));
    } finally {
      stopLog();
    }
  },
});
