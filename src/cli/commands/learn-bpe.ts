import { defineOptions } from '../../options/schema.js';
import { codesLines } from '../../text/bpe/codes.js';
import { learnBpe } from '../../text/bpe/learn.js';
import { countWordsOf, readWordCounts } from '../../text/bpe/word-counts.js';
import { writeLinesAtomically } from '../../text/lines.js';
import { defineCommand } from '../command.js';
import { fileOptions, filesOf, filterArguments } from '../filters/filter-lines.js';
import { startLog } from '../output/log-sink.js';

const options = defineOptions({
  ...fileOptions,
  symbols: { kind: 'int', default: 10_000, aliases: ['-s'], min: 1, help: 'number of merges to learn' },
  minFrequency: { kind: 'int', default: 2, min: 1, help: 'stop when no pair of symbols occurs at least this often' },
  totalSymbols: {
    kind: 'boolean',
    default: false,
    aliases: ['-t'],
    help: 'subtract the number of characters from the number of merges',
  },
  dictInput: { kind: 'boolean', default: false, help: 'the input has lines "<word> <count>" instead of text' },
});

/** Remedies of the commands that learn merges. */
export const noVerboseMode = {
  '--verbose': 'the output lists the merges in the order in which they were learned; remove the flag',
  '-v': 'the output lists the merges in the order in which they were learned; remove the flag',
} as const;

export const learnBpeCommand = defineCommand({
  name: 'learn-bpe',
  description: 'Learns BPE codes from tokenized text, as subword-nmt does.',
  arguments: filterArguments,
  options,
  unsupported: {
    '--num-workers': 'words are counted in one thread; remove the flag',
    ...noVerboseMode,
  },
  examples: ['ts-fairseq learn-bpe -s 10000 < train.tok.de > codes'],
  async run({ args, options }) {
    const { dictInput, ...learning } = options;
    const [input, output] = filesOf(args, options);
    const stopLog = startLog();
    try {
      const counts = dictInput ? readWordCounts(input) : countWordsOf(input);
      writeLinesAtomically(output, codesLines(learnBpe(counts, learning)));
    } finally {
      stopLog();
    }
  },
});
