import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { readLines } from '../../text/lines.js';
import { createTruecaser, parseTruecaseModel } from '../../text/moses/truecase.js';
import { defineCommand } from '../command.js';
import { filterArguments, filterBlocks, lineFilter } from '../filters/filter-lines.js';
import { MOSES_FLAGS } from '../options/moses-flags.js';

const options = defineOptions({
  model: { kind: 'string', default: null, metavar: 'FILE', help: 'model that train-truecaser wrote' },
});

const NO_SPEECH = 'words keep a casing that the model knows; for text without case, run lowercase first';

export const truecaseCommand = defineCommand({
  name: 'truecase',
  description: 'Restores the usual case of the first words of sentences, as the Moses script truecase.perl does.',
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
