import { defineOptions } from '../../options/schema.js';
import { detruecase } from '../../text/moses/detruecase.js';
import { defineCommand } from '../command.js';
import { filterArguments, filterBlocks, lineFilter } from '../filters/filter-lines.js';
import { MOSES_FLAGS } from '../options/moses-flags.js';

const ONE_STYLE = 'headlines are not told apart from other lines; remove the flag';

export const detruecaseCommand = defineCommand({
  name: 'detruecase',
  description: 'Capitalizes the first words of sentences, as the Moses script detruecase.perl does.',
  arguments: filterArguments,
  options: defineOptions({}),
  unsupported: {
    '-b': MOSES_FLAGS['-b'],
    '--unbuffered': MOSES_FLAGS['-b'],
    '--headline': ONE_STYLE,
    '--in': 'name the file as an argument',
  },
  examples: ['ts-fairseq detruecase < translations.true.en | ts-fairseq detokenize -l en > translations.en'],
  async run({ args }) {
    await filterBlocks(args, lineFilter(detruecase));
  },
});
