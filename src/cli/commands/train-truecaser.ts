import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { readLines, writeLinesAtomically } from '../../text/lines.js';
import { countCasings, truecaseModelLines } from '../../text/moses/truecase.js';
import { defineCommand } from '../command.js';

const options = defineOptions({
  corpus: { kind: 'string', default: '-', metavar: 'FILE', help: 'tokenized, cased text; - is stdin' },
  model: { kind: 'string', default: null, metavar: 'FILE', help: 'file to write; - is stdout' },
  possiblyUseFirstToken: {
    kind: 'boolean',
    default: false,
    aliases: ['--possiblyUseFirstToken'],
    help: 'also count the first word of a sentence if it is lowercase',
  },
});

export const trainTruecaserCommand = defineCommand({
  name: 'train-truecaser',
  description: 'Counts how words are cased within sentences, as the Moses script train-truecaser.perl does.',
  options,
  examples: ['ts-fairseq train-truecaser --corpus train.tok.de --model truecase.de'],
  async run({ options: { corpus, model, possiblyUseFirstToken } }) {
    if (model === null) throw new UserError('--model is missing', 'name the file to write');
    const counts = countCasings(readLines(corpus), possiblyUseFirstToken);
    if (counts.size === 0) {
      throw new UserError(
        'there is no casing to learn: no sentence contains a word with letters after its first word',
        'use tokenized, cased text',
      );
    }
    writeLinesAtomically(model, truecaseModelLines(counts));
  },
});
