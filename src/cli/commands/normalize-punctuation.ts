import { defineOptions } from '../../options/schema.js';
import { createPunctuationNormalizer } from '../../text/moses/normalize-punctuation.js';
import { defineCommand } from '../command.js';
import { filterArguments, filterBlocks, lineFilter } from '../filters/filter-lines.js';
import { MOSES_FLAGS } from '../options/moses-flags.js';

const options = defineOptions({
  language: { kind: 'string', default: 'en', aliases: ['-l'], metavar: 'LANG', help: 'language code, e.g. de' },
});

export const normalizePunctuationCommand = defineCommand({
  name: 'normalize-punctuation',
  description:
    'Replaces quotes, dashes and ellipses with ASCII characters, as the Moses script normalize-punctuation.perl does.',
  arguments: filterArguments,
  options,
  unsupported: { '-b': MOSES_FLAGS['-b'], '-penn': 'quotes always become plain ASCII quotes; remove the flag' },
  examples: ['ts-fairseq normalize-punctuation -l de < train.raw.de > train.norm.de'],
  async run({ args, options }) {
    await filterBlocks(args, lineFilter(createPunctuationNormalizer(options.language)));
  },
});
