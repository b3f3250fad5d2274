import { defineOptions } from '../../options/schema.js';
import { createMosesDetokenizer } from '../../text/moses/detokenizer.js';
import { defineCommand } from '../command.js';
import { filterArguments, filterBlocks, lineFilter } from '../filters/filter-lines.js';
import { MOSES_FLAGS } from '../options/moses-flags.js';

const options = defineOptions({
  language: { kind: 'string', default: 'en', aliases: ['-l'], metavar: 'LANG', help: 'language code, e.g. de' },
});

export const detokenizeCommand = defineCommand({
  name: 'detokenize',
  description: 'Joins tokens into text, as the Moses script detokenizer.perl does.',
  arguments: filterArguments,
  options,
  unsupported: { ...MOSES_FLAGS, '-u': 'detokenize does not change the case of letters; remove the flag' },
  examples: ['ts-fairseq detokenize -l en < translations.tok.en > translations.en'],
  async run({ args, options }) {
    await filterBlocks(args, lineFilter(createMosesDetokenizer(options.language)));
  },
});
