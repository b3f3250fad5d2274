import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { learnJointBpeAndVocabulary } from '../../text/bpe/learn-joint.js';
import { defineCommand } from '../command.js';
import { startLog } from '../output/log-sink.js';
import { noVerboseMode } from './learn-bpe.js';

const options = defineOptions({
  input: { kind: 'strings', default: [], aliases: ['-i'], metavar: 'FILE', help: 'tokenized texts' },
  output: { kind: 'string', default: null, aliases: ['-o'], metavar: 'FILE', help: 'file for the BPE codes' },
  symbols: { kind: 'int', default: 10_000, aliases: ['-s'], min: 1, help: 'number of merges to learn' },
  totalSymbols: {
    kind: 'boolean',
    default: false,
    aliases: ['-t'],
    help: 'subtract the number of characters from the number of merges',
  },
  writeVocabulary: { kind: 'strings', default: [], metavar: 'FILE', help: 'vocabulary files, one per input' },
  separator: { kind: 'string', default: '@@', help: 'marks the end of every subword except the last of a word' },
  minFrequency: { kind: 'int', default: 2, min: 1, help: 'stop when no pair of symbols occurs at least this often' },
});

export const learnJointBpeAndVocabCommand = defineCommand({
  name: 'learn-joint-bpe-and-vocab',
  description: 'Learns joint BPE codes from several texts and counts the subwords of each, as subword-nmt does.',
  options,
  unsupported: {
    '--num-workers': 'words are counted in one thread; remove the flag',
    ...noVerboseMode,
  },
  examples: [
    'ts-fairseq learn-joint-bpe-and-vocab --input train.de train.en -s 8000 --output codes \\\n' +
      '      --write-vocabulary vocab.de vocab.en',
  ],
  async run({ options }) {
    const { input, output, writeVocabulary, ...learning } = options;
    if (input.length === 0) throw new UserError('--input is missing', 'name the texts to learn from');
    if (output === null) throw new UserError('--output is missing', 'name the file for the codes');
    const stopLog = startLog();
    try {
      learnJointBpeAndVocabulary({ inputs: input, output, vocabularies: writeVocabulary, ...learning });
    } finally {
      stopLog();
    }
  },
});
