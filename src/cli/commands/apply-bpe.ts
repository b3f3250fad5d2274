import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { defineCommand } from '../command.js';
import { filterInThreads, threadsOption } from '../filters/filter-in-threads.js';
import { fileOptions, filesOf, filterArguments } from '../filters/filter-lines.js';

const options = defineOptions({
  ...fileOptions,
  codes: { kind: 'string', default: null, aliases: ['-c'], metavar: 'FILE', help: 'BPE codes' },
  merges: { kind: 'int', default: null, aliases: ['-m'], min: -1, help: 'apply only the first N; -1: all' },
  vocabulary: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    help: 'split subwords that are not in this vocabulary',
  },
  vocabularyThreshold: {
    kind: 'int',
    default: 0,
    min: 0,
    help: 'ignore subwords of the vocabulary that occur fewer than N times',
  },
  glossaries: { kind: 'strings', default: [], help: 'words or regular expressions that are never split' },
  dropout: { kind: 'float', default: 0, min: 0, max: 1, help: 'skip each merge with this probability' },
  seed: {
    kind: 'int',
    default: null,
    min: 0,
    max: 2 ** 32 - 1,
    help: 'random seed for --dropout (default: different in every run)',
  },
  separator: {
    kind: 'string',
    default: '@@',
    aliases: ['-s'],
    help: 'marks the end of every subword except the last of a word',
  },
  threads: { ...threadsOption, aliases: ['--num-workers'] },
});

export const applyBpeCommand = defineCommand({
  name: 'apply-bpe',
  description: 'Splits words into subwords as subword-nmt does.',
  arguments: filterArguments,
  options,
  examples: ['ts-fairseq apply-bpe -c codes --vocabulary vocab.de --vocabulary-threshold 5 < test.de > test.bpe.de'],
  async run({ args, options }) {
    if (options.threads > 1 && options.dropout > 0) {
      throw new UserError('--dropout works in one thread only', 'remove --threads');
    }
    await filterInThreads(filesOf(args, options), options.threads, { command: 'apply-bpe', options });
  },
});
