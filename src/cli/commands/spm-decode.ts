import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import type { SentencePiece } from '../../text/sentencepiece/processor.js';
import { defineCommand } from '../command.js';
import { fileOptions, filesOf, filterArguments, filterBlocks, lineFilter } from '../filters/filter-lines.js';
import {
  extraOptions,
  loadModel,
  modelOptions,
  NO_LOG,
  unsupportedWithUnderscores,
  withUnderscores,
} from '../options/spm-options.js';

const options = withUnderscores(
  defineOptions({
    ...modelOptions,
    ...fileOptions,
    extraOptions,
    inputFormat: { kind: 'choice', choices: ['piece', 'id'], default: 'piece', help: 'format of the input' },
  }),
);

export const spmDecodeCommand = defineCommand({
  name: 'spm-decode',
  description: 'Joins the pieces or ids of a SentencePiece model into text, as spm_decode does.',
  arguments: filterArguments,
  options,
  unsupported: unsupportedWithUnderscores({
    '--output-format': 'the output is always text; remove the flag',
    '--minloglevel': NO_LOG,
  }),
  examples: ['ts-fairseq spm-decode --model spm.model < test.spm.de > test.de'],
  async run({ args, options }) {
    const model = await loadModel(options.model);
    if (options.extraOptions !== null) model.setDecodeOptions(options.extraOptions);
    await filterBlocks(
      filesOf(args, options),
      lineFilter(options.inputFormat === 'id' ? idDecoder(model) : (line) => model.decodeLine(line)),
    );
  },
});

function idDecoder(model: SentencePiece): (line: string) => string {
  let number = 0;
  return (line) => {
    number += 1;
    const ids = words(line).map((word) => {
      if (/^\d+$/.test(word)) return Number(word);
      throw new UserError(`line ${number}: '${word}' is not an id`, 'decode pieces with --input-format piece');
    });
    try {
      return model.decodeIds(ids);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`line ${number}: ${error.problem}`, error.remedy, { cause: error });
    }
  };
}

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');
