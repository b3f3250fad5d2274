import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { learnJointBpeAndVocabulary } from '../../text/bpe/learn-joint.js';
import { defineCommand } from '../command.js';
import { startLog } from '../output/log-sink.js';
import { noVerboseMode } from './learn-bpe.js';

const options = defineOptions({
  input: { kind: 'strings', default: [], aliases: ['-i'], metavar: 'FILE', help: 'tokenized texts' },
  output: { kind: 'string', default: null, aliases: ['-o'], metavar: 'FILE', help: 'file for the BPE codes' },
  symbols: { kind: 'int', default: 10_000, aliases: ['-s'], min: 1, help: 'merges to learn' },
  totalSymbols: {
    kind: 'boolean',
    default: false,
    aliases: ['-t'],
    help: 'count the characters of the text among the symbols: as many merges less',
  },
  writeVocabulary: { kind: 'strings', default: [], metavar: 'FILE', help: 'vocabulary files, one for each input' },
  separator: { kind: 'string', default: '@@', help: 'ends every subword but the last of a word' },
  minFrequency: { kind: 'int', default: 2, min: 1, help: 'stop when no pair of symbols occurs this often' },
});

export const learnJointBpeAndVocabCommand = defineCommand({
  name: 'learn-joint-bpe-and-vocab',
  description: 'Learns BPE codes on several texts together, and the vocabulary of each, as subword-nmt does.',
  options,
  unsupported: {
    '--num-workers': 'words are counted in one thread; leave it out',
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
