import { defineOptions } from '../../options/schema.js';
import { lowercase } from '../../text/moses/lowercase.js';
import { defineCommand } from '../command.js';
import { filterArguments, filterBlocks, lineFilter } from '../filters/filter-lines.js';
import { MOSES_FLAGS } from '../options/moses-flags.js';

export const lowercaseCommand = defineCommand({
  name: 'lowercase',
  description: 'Lowercases text, as the Moses script lowercase.perl does.',
  arguments: filterArguments,
  options: defineOptions({}),
  unsupported: { '-b': MOSES_FLAGS['-b'] },
  examples: ['ts-fairseq lowercase < train.tok.de > train.lc.de'],
  async run({ args }) {
    await filterBlocks(args, lineFilter(lowercase));
  },
});
