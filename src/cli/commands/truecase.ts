import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { readLines } from '../../text/lines.js';
import { createTruecaser, parseTruecaseModel } from '../../text/moses/truecase.js';
import { defineCommand } from '../command.js';
import { filterArguments, filterBlocks, lineFilter } from '../filters/filter-lines.js';
import { MOSES_FLAGS } from '../options/moses-flags.js';

const options = defineOptions({
  model: { kind: 'string', default: null, metavar: 'FILE', help: 'a model of train-truecaser' },
});

const NO_SPEECH = 'the text keeps the case of words that the model knows; run lowercase before, where it has none';

export const truecaseCommand = defineCommand({
  name: 'truecase',
  description: 'Gives the first words of sentences their usual case, as the Moses script truecase.perl does.',
  arguments: filterArguments,
  options,
  unsupported: {
    '-b': MOSES_FLAGS['-b'],
    '--unbuffered': MOSES_FLAGS['-b'],
    '-a': NO_SPEECH,
    '--asr': NO_SPEECH,
  },
  examples: ['ts-fairseq truecase --model truecase.de < train.tok.de > train.true.de'],
  async run({ args, options: { model } }) {
    if (model === null) throw new UserError('--model is missing', 'name a file that train-truecaser wrote');
    await filterBlocks(args, lineFilter(createTruecaser(parseTruecaseModel(readLines(model), model))));
  },
});
