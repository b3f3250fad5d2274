import { defineOptions } from '../options/schema.js';
import { createMosesTokenizer } from '../text/moses/tokenizer.js';
import { defineCommand } from './command.js';
import { filterArguments, filterLines } from './filter-lines.js';

const options = defineOptions({
  language: { kind: 'string', default: 'en', aliases: ['-l'], metavar: 'LANG', help: 'language: de, en or fr' },
  aggressive: { kind: 'boolean', default: false, aliases: ['-a'], help: 'split hyphens too, into the token @-@' },
  noEscape: { kind: 'boolean', default: false, help: 'leave & | < > \' " [ ] as they are' },
});

export const tokenizeCommand = defineCommand({
  name: 'tokenize',
  description: 'Splits text into tokens as the Moses script tokenizer.perl does.',
  arguments: filterArguments,
  options,
  examples: ['ts-fairseq tokenize -l de -a --no-escape < train.raw.de > train.tok.de'],
  async run({ args, options }) {
    const { language, aggressive, noEscape } = options;
    filterLines(args, createMosesTokenizer({ language, aggressiveHyphens: aggressive, escape: !noEscape }));
  },
});
