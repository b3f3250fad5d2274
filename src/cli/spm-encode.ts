import { UserError } from '../errors.js';
import { defineOptions } from '../options/schema.js';
import { SentencePiece } from '../text/sentencepiece/processor.js';
import { defineCommand } from './command.js';
import { filterArguments, filterLines } from './filter-lines.js';

const options = defineOptions({
  model: { kind: 'string', default: null, metavar: 'FILE', help: 'SentencePiece model' },
  outputFormat: {
    kind: 'choice',
    choices: ['piece', 'id'],
    default: 'piece',
    aliases: ['--output_format'],
    help: 'what to write',
  },
});

export const spmEncodeCommand = defineCommand({
  name: 'spm-encode',
  description: 'Splits text into the pieces of a SentencePiece model.',
  arguments: filterArguments,
  options,
  examples: ['ts-fairseq spm-encode --model spm.model < test.de > test.spm.de'],
  async run({ args, options }) {
    if (options.model === null) throw new UserError('--model is missing', 'name the SentencePiece model');
    const model = await SentencePiece.load(options.model);
    filterLines(args, (line) =>
      (options.outputFormat === 'id' ? model.encodeIds(line) : model.encodePieces(line)).join(' '),
    );
  },
});
